import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Compute, ComputeResult } from "../../../src/controller/ports.ts";
import { faultsOf, findFault } from "./run.ts";
import type { Step } from "./steps.ts";
import type { Sabotage } from "./surroundings.ts";

const runs = Number(process.env["PODID_RANDOM_RUNS"] ?? 2000);
const seed = Number(process.env["PODID_RANDOM_SEED"] ?? 6);
const path = process.env["PODID_RANDOM_PATH"];

describe("the controller, whatever happens", () => {
  it("never takes away what is wanted, leaves nothing behind, and comes to rest as the policy wants it", async (t) => {
    const found = await findFault({ runs, seed, path });
    if (found !== null) assert.fail(found.text);
    t.diagnostic(`${runs} runs, seed ${seed}`);
  });
});

/** What random runs have found once. */
const findings: Readonly<Record<string, readonly Step[]>> = {
  "a client id is edited while ARM works and the watch stands still: the object is written when it goes on": [
    { op: "pod", pod: "shop/web-0", node: "vm-a", label: "two" },
    { op: "bind", binding: "b-0", identity: "reader", label: "two", box: "none" },
    { op: "pass", seconds: 7 },
    { op: "identity", identity: "reader", arm: "reader", clientID: "first" },
    { op: "lag" },
    { op: "pass", seconds: 90 },
  ],
  "ARM does not know an identity and is not asked on one of two machines for a while: each gets an object": [
    { op: "pod", pod: "lab/web-0", node: "vm-a", label: "two" },
    { op: "bind", binding: "b-0", identity: "writer", label: "two", box: "none" },
    { op: "armFault", on: "GET", fault: { kind: "status", status: 429, retryAfter: "40" }, count: 1 },
    { op: "pod", pod: "shop/web-0", node: "vm-b", label: "two" },
    { op: "pass", seconds: 3 },
    { op: "armForgets", arm: "writer" },
  ],
  "a removal takes longer than it is until the next look for drift, which puts nothing back": [
    { op: "pod", pod: "shop/web-0", node: "vm-a", label: "one" },
    { op: "bind", binding: "b-0", identity: "reader", label: "one", box: "none" },
    { op: "pass", seconds: 30 },
    { op: "armFault", on: "PATCH", fault: { kind: "neverEnds" }, count: 1 },
    { op: "nodeGoes", node: "vm-a", machineStays: true },
    { op: "pass", seconds: 400 },
  ],
  "a look for drift follows a removal that a lagging watch does not show, and puts nothing back": [
    { op: "bind", binding: "b-0", identity: "reader", label: "two", box: "ending" },
    { op: "pod", pod: "shop/web-0", node: "vm-a", label: "two" },
    { op: "pass", seconds: 90 },
    { op: "lag" },
    { op: "pass", seconds: 400 },
    { op: "pod", pod: "shop/web-0", node: "vm-a", label: "one" },
  ],
};

describe("what was found once", () => {
  for (const [name, script] of Object.entries(findings)) {
    it(name, async () => {
      const { faults, journal } = await faultsOf(script);
      assert.deepEqual(faults, [], journal.join("\n"));
    });
  }
});

/** Believes that ARM did what it was asked. */
const believing = (compute: Compute): Compute => ({
  ...compute,
  changeIdentities: async (target, change, signal): Promise<ComputeResult> => {
    const before = await compute.getIdentities(target, signal);
    const result = compute.changeIdentities(target, change, signal);
    if (!before.ok) return result;
    const removed = new Set(change.remove);
    return { ok: true, identities: [...before.identities, ...change.add].filter((id) => !removed.has(id)) };
  },
});

/** Faults that somebody could make, and what the model says of them. */
const planted: Readonly<Record<string, { readonly sabotage: Sabotage; readonly says: RegExp }>> = {
  "success is believed before ARM shows it": {
    sabotage: { compute: believing },
    says: /is Assigned, and ARM does not show it|nothing answers/,
  },
  "nobody asks what was on the machine before us": {
    sabotage: {
      compute: (compute) => ({
        ...compute,
        getIdentities: async () => ({ ok: true, identities: [] }),
        changeIdentities: (target, { add, remove }, signal) =>
          compute.changeIdentities(target, { add, remove }, signal),
      }),
    },
    says: /is not ours to remove/,
  },
  "removals are forgotten": {
    sabotage: {
      compute: (compute) => ({
        ...compute,
        changeIdentities: async (target, { add, remove }, signal): Promise<ComputeResult> => {
          const result = await compute.changeIdentities(target, { add, remove: [] }, signal);
          const removed = new Set(remove.map((id) => id.toLowerCase()));
          return result.ok
            ? { ok: true, identities: result.identities.filter((id) => !removed.has(id.toLowerCase())) }
            : result;
        },
      }),
    },
    says: /nothing answers any more/,
  },
  "who has lost the lease goes on": { sabotage: { unfenced: true }, says: /is not the leader/ },
};

/** Somebody attaches an identity between the object for it and the PATCH; then its pod goes. */
const attachedMeanwhile: readonly Step[] = [
  { op: "bind", binding: "b-0", identity: "reader", label: "one", box: "none" },
  { op: "pod", pod: "shop/web-1", node: "vm-a", label: "one" },
  { op: "pass", seconds: 0.5 },
  { op: "attach", node: "vm-a", arm: "waited" },
  { op: "pass", seconds: 30 },
  { op: "podGoes", pod: "shop/web-1" },
  { op: "pass", seconds: 30 },
];

/** Looks at the machine before it writes an object, and not again. */
const lookingOnce = (compute: Compute): Compute => ({
  ...compute,
  changeIdentities: (target, { add, remove }, signal) =>
    compute.changeIdentities(target, { add, remove }, signal),
});

describe("the model of the controller", () => {
  it("finds it when nobody looks for what others put on a machine meanwhile", async () => {
    const sound = await faultsOf(attachedMeanwhile);
    assert.deepEqual(sound.faults, [], sound.journal.join("\n"));
    const { faults } = await faultsOf(attachedMeanwhile, { compute: lookingOnce });
    assert.match(faults.join(), /is not ours to remove/);
  });

  for (const [name, { sabotage, says }] of Object.entries(planted)) {
    it(`finds it when ${name}, and tells it in a few steps`, async (t) => {
      const found = await findFault({ runs: 2000, seed, sabotage });
      assert.ok(found !== null, "the planted fault was not found");
      assert.match(found.fault, says);
      assert.ok(found.script.length <= 10, found.text);
      t.diagnostic(`found by run ${found.runs}, in ${found.script.length} steps`);
    });
  }
});
