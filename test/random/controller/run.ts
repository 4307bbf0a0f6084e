import * as fc from "fast-check";

import { describeStep, scripts, type Step } from "./steps.ts";
import type { Sabotage } from "./surroundings.ts";
import { take } from "./take.ts";
import { wishesOf } from "./wishes.ts";
import { createWorld, type World } from "./world.ts";

const secondMs = 1000;
const nodes = ["vm-a", "vm-b", "set-0", "set-1"];

/** What is wrong after `script`; empty when nothing is. */
export async function faultsOf(
  script: readonly Step[],
  sabotage?: Sabotage,
): Promise<{ readonly faults: readonly string[]; readonly journal: readonly string[] }> {
  const world = createWorld(nodes, sabotage);
  try {
    world.elect();
    for (const [index, step] of script.entries()) {
      await take(world, step, index + 1);
      if (world.violations.length > 0) break;
    }
    const faults = world.violations.length > 0 ? world.violations : await faultsInTheEnd(world);
    return { faults, journal: world.journal };
  } finally {
    world.close();
  }
}

/** Faults end, everybody hears everything: now the world must become what is wished for, and stay so. */
async function faultsInTheEnd(world: World): Promise<readonly string[]> {
  world.journal.push("faults end");
  world.clearFaults();
  for (const name of nodes) {
    if (world.server.truth.get("Node", name)?.providerID === "") world.putNode(name);
  }
  await world.resumeAll();
  world.leader().lag(false);
  world.leader().life.crash(null);
  await world.drain();
  world.replaceDead();
  const patchesBefore = world.patches.length;
  for (let tries = 0, quiet = 0; tries < mostTries && quiet < 2; tries += 1) {
    await world.pass((waits[tries] ?? longestWaitSeconds) * secondMs);
    if (world.violations.length > 0) return world.violations;
    quiet = world.differences().length > 0 ? 0 : quiet + 1;
  }
  const differences = world.differences();
  if (differences.length > 0) return differences;
  const patches = world.patches.length - patchesBefore;
  if (patches > mostPatches) return [`${patches} changes of ARM after the faults had ended`];
  return (await unrestIn(world)).concat(world.violations);
}

/** An identity that ARM refused is tried again after an hour at the latest. */
const waits = [...Array.from({ length: 4 }, () => 15), ...Array.from({ length: 40 }, () => 30)];
const longestWaitSeconds = 300;
const mostTries = waits.length + 24;

/** Two for each machine, for identities that ARM does not know. */
const mostPatches = 12;

/** Once all is as it should be, nothing more is done until the wishes change. */
async function unrestIn(world: World): Promise<readonly string[]> {
  const wishes = (): string => JSON.stringify(wishesOf(world.server.truth, world.clock.nowMs()));
  const before = { wishes: wishes(), patches: world.patches.length, writes: world.objectWrites() };
  await world.pass(120 * secondMs);
  if (wishes() !== before.wishes) return [];
  return [
    ...(world.patches.length === before.patches ? [] : ["ARM is changed although all is as it should be"]),
    ...(world.objectWrites() === before.writes
      ? []
      : ["objects are written although all is as it should be"]),
  ];
}

/** What was found, in words for people. */
interface Finding {
  readonly runs: number;
  readonly fault: string;
  /** The smallest script that fails. */
  readonly script: readonly Step[];
  readonly text: string;
}

/** Runs scripts until one fails, and makes that one as small as it gets; null when none fails. */
export async function findFault(options: {
  readonly runs: number;
  readonly seed: number;
  /** Where to begin: what an earlier run said, with its seed, or the number of a run, counted from 0. */
  readonly path?: string | undefined;
  readonly sabotage?: Sabotage;
}): Promise<Finding | null> {
  const { runs, seed, path, sabotage } = options;
  const property = fc.asyncProperty(
    scripts,
    async (script) => (await faultsOf(script, sabotage)).faults.length === 0,
  );
  const result = await fc.check(property, {
    numRuns: runs,
    seed,
    ...(path === undefined ? {} : { path }),
  });
  if (!result.failed) return null;
  const [script = []] = result.counterexample ?? [];
  const { faults, journal } = await faultsOf(script, sabotage);
  const text = [
    faults.join("; "),
    `found by run ${result.numRuns}, made smaller ${result.numShrinks} times; seed ${seed}, path ${result.counterexamplePath}`,
    ...script.map((step, index) => `${index + 1}. ${describeStep(step)}`),
    "What happened:",
    ...journal,
    `As data: ${JSON.stringify(script)}`,
  ].join("\n");
  return { runs: result.numRuns, fault: faults[0] ?? "", script, text };
}
