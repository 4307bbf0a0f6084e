import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import * as fc from "fast-check";

import { waitFor } from "../../control-plane/wait.ts";
import { noNodeNetwork, useNode, type AgentProcess, type NodeWorld } from "./node-world.ts";

const runs = Number(process.env["PODID_RULES_RUNS"] ?? 100);
const seed = Number(process.env["PODID_RULES_SEED"] ?? Math.trunc(Math.random() * 2 ** 31));

const tables = { guard: ["inet", "podid_guard"], redirect: ["ip", "podid_redirect"] } as const;
type TableName = keyof typeof tables;

/** At once as a rule; where the kernel's news are lost, by the look every 5 s, which takes its time on a busy machine. */
const repairedWithinMs = 15_000;

/** What should be so on the node. */
interface Life {
  readonly world: NodeWorld;
  agent: AgentProcess | null;
  port: number;
  /** From the first start until the rules are taken away by command. */
  isInstalled: boolean;
  /** Which tables stand while nobody repairs them. */
  readonly standing: Set<TableName>;
  /** How long the real service was open after a flush of everything. */
  readonly repairsMs: number[];
}

/** Rules of others from `nft -s list ruleset` are no matter; ours are as they were right after the start. */
function tablesOf({ world }: Life): string {
  const list = ([family, name]: readonly [string, string]): string => {
    try {
      return world.onNode("nft", "-s", "list", "table", family, name);
    } catch {
      return "";
    }
  };
  return `${list(tables.guard)}\n${list(tables.redirect)}`;
}

async function start(life: Life, first: "rules" | "listening"): Promise<void> {
  life.port = life.port === 2579 ? 2580 : 2579;
  life.agent = await life.world.startAgent({ mode: "nft", port: life.port, first });
  life.isInstalled = true;
  life.standing.add("guard").add("redirect");
}

/** Does something to our tables and, where there is an agent, waits until it has repaired them. */
async function harm(life: Life, hit: readonly TableName[], command: readonly string[]): Promise<void> {
  // With nobody there to repair, whoever takes the second one has opened the real service: nothing to test.
  const left = life.standing.difference(new Set(hit));
  if (life.agent === null && left.size === 0 && life.standing.size > 0) return;
  if (hit.some((name) => !life.standing.has(name))) return;
  const whole = tablesOf(life);
  const startMs = performance.now();
  life.world.onNode("nft", ...command);
  if (life.agent === null) {
    for (const name of hit) life.standing.delete(name);
    return;
  }
  await waitFor(
    () => tablesOf(life) === whole,
    `the agent has repaired after nft ${command.join(" ")}`,
    repairedWithinMs,
  );
  if (hit.length === 2) life.repairsMs.push(performance.now() - startMs);
}

type Take = (life: Life) => Promise<void>;

const startWith =
  (first: "rules" | "listening"): Take =>
  async (life) => {
    if (life.agent === null) await start(life, first);
  };

const endWith =
  (signal: "SIGTERM" | "SIGKILL"): Take =>
  async (life) => {
    await life.agent?.end(signal);
    life.agent = null;
  };

const upgrade: Take = async (life) => {
  const old = life.agent;
  if (old === null) return;
  await start(life, "listening");
  await old.end("SIGTERM");
};

const uninstall: Take = async (life) => {
  await endWith("SIGTERM")(life);
  life.world.removeRules();
  life.isInstalled = false;
  life.standing.clear();
};

const iptables =
  (...commands: readonly string[]): Take =>
  async ({ world }) => {
    for (const command of commands) world.onNode("iptables", ...command.split(" "));
  };

const acceptEverything: Take = async (life) => {
  await iptables("-I FORWARD -j ACCEPT", "-t nat -I PREROUTING -d 169.254.169.254 -j ACCEPT")(life);
  const chain = "add chain inet other f { type filter hook forward priority -200; policy accept; }";
  life.world.onNode("nft", `add table inet other; ${chain}; add rule inet other f accept`);
};

const steps = {
  "start, rules first": startWith("rules"),
  "start, listening first": startWith("listening"),
  crash: endWith("SIGKILL"),
  end: endWith("SIGTERM"),
  upgrade,
  "iptables -t nat -F": iptables("-t nat -F"),
  "iptables -F": iptables("-F"),
  "the guard is deleted": (life) => harm(life, ["guard"], ["delete", "table", ...tables.guard]),
  "the redirect is deleted": (life) => harm(life, ["redirect"], ["delete", "table", ...tables.redirect]),
  "the guard is emptied": (life) => harm(life, ["guard"], ["flush", "chain", ...tables.guard, "forward"]),
  "the guard is put to sleep": (life) =>
    harm(life, ["guard"], ["add", "table", ...tables.guard, "{ flags dormant; }"]),
  "everything is flushed": (life) => harm(life, ["guard", "redirect"], ["flush", "ruleset"]),
  "others accept everything": acceptEverything,
  "others lead to the metadata address": iptables(
    "-t nat -I PREROUTING -d 10.99.0.1 -j DNAT --to-destination 169.254.169.254",
  ),
  uninstall,
} as const satisfies Readonly<Record<string, Take>>;
type Step = keyof typeof steps;
const names = Object.keys(steps).filter((name): name is Step => Object.hasOwn(steps, name));

/** After these the real service may have been reached for a moment. */
const opening: ReadonlySet<Step> = new Set(["everything is flushed", "uninstall"]);

async function live(life: Life, sequence: readonly Step[]): Promise<void> {
  for (const step of sequence) {
    await life.world.pod.probe();
    const wasInstalled = life.isInstalled;
    await steps[step](life);
    const during = await life.world.pod.probe();
    const { answer, hasSeenReal } = await life.world.pod.probe();
    if (!life.isInstalled) {
      assert.equal(answer, "real", `after "${step}", with nothing installed`);
      continue;
    }
    if (wasInstalled && !opening.has(step)) assert.equal(during.hasSeenReal, false, `during "${step}"`);
    assert.notEqual(during.answer, "real", `right after "${step}"`);
    assert.equal(hasSeenReal, false, `after "${step}"`);
    const isServed = life.agent !== null;
    assert.match(answer, isServed ? /^agent$/ : /^(?:ECONNREFUSED|ECONNRESET)$/, `after "${step}"`);
    // Only the guard sees where a packet goes in the end.
    if (!life.standing.has("guard")) continue;
    const { answer: others } = await life.world.pod.direct("10.99.0.1:80");
    assert.notEqual(others, "real", `by another's address after "${step}"`);
  }
}

async function useLife(t: TestContext): Promise<Life> {
  const world = await useNode(t);
  // An address that others translate to the metadata address, for all the life of the node.
  world.onNode("ip", "route", "add", "10.99.0.0/24", "dev", "lo");
  return { world, agent: null, port: 2579, isInstalled: false, standing: new Set(), repairsMs: [] };
}

describe("whatever happens to a node's rules", { skip: noNodeNetwork("nft", "iptables") ?? false }, () => {
  it("a pod never reaches the real service from the first start to the removal by command", async (t) => {
    const life = await useLife(t);
    const counted = new Map<string, number>();
    // Mostly living, seldom beginning anew.
    const step = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...names.filter((one) => one !== "uninstall")) },
      { weight: 1, arbitrary: fc.constant("uninstall" as const) },
    );
    const sequence = fc.array(step, { minLength: 3, maxLength: 7 });
    const property = fc.asyncProperty(sequence, async (drawn) => {
      await live(life, ["start, rules first", ...drawn]);
      for (const one of drawn) counted.set(one, (counted.get(one) ?? 0) + 1);
    });
    t.diagnostic(`${runs} sequences, seed ${seed} (PODID_RULES_RUNS, PODID_RULES_SEED)`);
    await fc.assert(property, { numRuns: runs, seed, endOnFailure: true });
    t.diagnostic(JSON.stringify(Object.fromEntries(counted)));
    const worst = Math.max(0, ...life.repairsMs);
    t.diagnostic(
      `open after nft flush ruleset: ${life.repairsMs.length} times, at most ${Math.round(worst)} ms`,
    );
  });
});
