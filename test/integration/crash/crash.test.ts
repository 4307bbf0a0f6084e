import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { pairOf } from "../../../src/controller/assigned-identity.ts";
import type { AzureAssignedIdentity } from "../../../src/engine/resources.ts";
import { shortName } from "../../random/controller/ids.ts";
import type { CrashPoint } from "../../random/controller/life.ts";
import { createWorld, type World } from "../../random/controller/world.ts";
import { machines, stories, type Story } from "./stories.ts";

const secondMs = 1000;
/** More than any story has. */
const mostEffects = 120;

/** What is left when nothing more is to be done. */
interface End {
  readonly objects: readonly string[];
  readonly onMachines: Readonly<Record<string, readonly string[]>>;
}

function endOf({ server, azure }: World): End {
  return {
    objects: server.truth.list("AzureAssignedIdentity").map(tell).toSorted(),
    onMachines: Object.fromEntries(
      machines.map((id) => [shortName(id), [...(azure.on(id) ?? [])].map(shortName).toSorted()]),
    ),
  };
}

/** Not by its name, which depends on whether the former object had gone when it was made. */
function tell(object: AzureAssignedIdentity): string {
  const { annotations, spec, status } = object;
  return `${pairOf(object)} for ${annotations["podid.dev/pod-uid"]} on ${spec.nodename} ${status.status}`;
}

/** Lets time pass until all is as it should be, and a little longer. */
async function settle(world: World): Promise<void> {
  for (let tries = 0; tries < 40 && world.differences().length > 0; tries += 1)
    await world.pass(5 * secondMs);
  await world.pass(10 * secondMs);
}

async function begin(story: Story): Promise<World> {
  const world = createWorld(["vm-a", "vm-b", "set-0", "set-1"]);
  story.before(world);
  world.elect();
  await settle(world);
  assert.deepEqual(world.differences(), [], "before");
  return world;
}

/** Changes the world and waits for what the leader does about it, or until it is dead. */
async function change(world: World, story: Story): Promise<void> {
  const victim = world.leader();
  story.change(world);
  if (story.waitMinutes !== undefined) await world.pass(story.waitMinutes * 60 * secondMs);
  for (let seconds = 0; seconds < 30 && !victim.life.isDead(); seconds += 1) await world.pass(secondMs);
}

/** Removals of a run, each with its machine. */
function removals({ patches }: World): readonly string[] {
  return patches.flatMap((patch) => {
    const [machine = "", ...changes] = patch.split(" ");
    return changes.filter((one) => one.startsWith("-")).map((one) => `${machine} ${one}`);
  });
}

async function uninterrupted(story: Story): Promise<{ readonly end: End; readonly removals: Set<string> }> {
  const world = await begin(story);
  await change(world, story);
  await settle(world);
  story.whileNobodyLeads?.(world);
  await settle(world);
  assert.deepEqual(world.differences(), []);
  assert.deepEqual(world.violations, []);
  world.close();
  return { end: endOf(world), removals: new Set(removals(world)) };
}

/** Runs the story with a controller that dies there; answers false when it never came so far. */
async function interrupted(
  story: Story,
  at: CrashPoint,
  options: { readonly downMs: number; readonly again?: CrashPoint },
): Promise<{ readonly world: World; readonly died: boolean }> {
  const world = await begin(story);
  const victim = world.leader();
  victim.life.crash(at);
  await change(world, story);
  const died = victim.life.isDead();
  story.whileNobodyLeads?.(world);
  await world.pass(options.downMs);
  if (options.again !== undefined && died) {
    const second = world.elect();
    second.life.crash(options.again);
    await world.pass(30 * secondMs);
  }
  world.elect();
  await settle(world);
  return { world, died };
}

describe("a controller that dies", () => {
  for (const [name, story] of Object.entries(stories)) {
    it(`at any call to the cluster or to ARM leaves what the next one finishes: ${name}`, async (t) => {
      const expected = await uninterrupted(story);
      let runs = 0;
      for (const when of ["before", "after"] as const) {
        for (const downMs of [0, 20 * secondMs]) {
          runs += await everyCrash(story, expected, { when, downMs });
        }
      }
      t.diagnostic(`${runs} crashes`);
    });
  }
});

/** Answers at how many places the story could be interrupted. */
async function everyCrash(
  story: Story,
  expected: Awaited<ReturnType<typeof uninterrupted>>,
  { when, downMs }: { readonly when: CrashPoint["when"]; readonly downMs: number },
): Promise<number> {
  for (let effect = 1; effect <= mostEffects; effect += 1) {
    const { world, died } = await interrupted(story, { effect, when }, { downMs });
    const context = `dead ${when} effect ${effect}, ${downMs / 1000} s without leader\n${world.journal.join("\n")}`;
    assert.deepEqual(world.violations, [], context);
    assert.deepEqual(world.differences(), [], context);
    assert.deepEqual(endOf(world), expected.end, context);
    const unwanted = removals(world).filter((one) => !expected.removals.has(one));
    assert.deepEqual(unwanted, [], context);
    world.close();
    if (!died) return effect - 1;
  }
  return assert.fail("the story never ran through");
}
