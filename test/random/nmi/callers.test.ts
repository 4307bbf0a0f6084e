import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { createCallerIndex, type CallerIndex } from "../../../src/nmi/caller.ts";
import { createNodeWorld, type Sabotage, type Step } from "./node-world.ts";

const runs = Number(process.env["PODID_RANDOM_RUNS"] ?? 5000);
const seed = Number(process.env["PODID_RANDOM_SEED"] ?? 7);

const number = fc.nat({ max: 7 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("start"),
      name: fc.nat({ max: 2 }),
      place: fc.nat({ max: 1 }),
      hostNetwork: fc.constant(false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("start"),
      name: fc.nat({ max: 2 }),
      place: fc.nat({ max: 1 }),
      hostNetwork: fc.constant(true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("end"),
      pod: number,
      as: fc.constantFrom("Succeeded", "Failed", "deleted", "deleted"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("terminate"), pod: number }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("touch", "renew"), pod: number }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("tell"), of: number, times: fc.constantFrom(1, 1, 1, 2, 0) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("relist") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pass"), ms: fc.constantFrom(10, 1000, 20_000) }) },
);

/** What is wrong with who is served, at each step and when everything has been told; null when nothing is. */
function faultOf(script: readonly Step[], sabotage: Sabotage): string | null {
  const world = createNodeWorld(sabotage);
  for (const [place, step] of script.entries()) {
    world.take(step);
    for (const { owner, served } of world.look()) {
      // From an address without an owner nobody asks.
      if (owner !== null && served !== null && served !== owner.uid) {
        return `after step ${place + 1}: ${owner.uid} asks and is served as ${served}`;
      }
    }
    if (world.asksAsNode() === "pod") return `after step ${place + 1}: the node is served as a pod`;
  }
  world.settle();
  for (const { owner, served } of world.look()) {
    if (owner !== null && !owner.isDeleted && served !== owner.uid) {
      return `in the end: ${owner.uid} asks and is served as ${served ?? "nobody"}`;
    }
  }
  return null;
}

function findFault(
  sabotage: Sabotage,
  numRuns: number,
): { readonly fault: string; readonly script: string } | null {
  const details = fc.check(
    fc.property(
      fc.array(steps, { maxLength: 60, size: "max" }),
      (script) => faultOf(script, sabotage) === null,
    ),
    { numRuns, seed },
  );
  const [script] = details.counterexample ?? [];
  if (script === undefined) return null;
  return {
    fault: faultOf(script, sabotage) ?? "",
    script: script.map((step) => JSON.stringify(step)).join("\n"),
  };
}

describe("who is calling, whatever the watch tells and in whatever order", () => {
  it("is the true owner of the address or nobody, and the true owner once everything is told", (t) => {
    const found = findFault({}, runs);
    if (found !== null) assert.fail(`${found.fault}\n${found.script}`);
    t.diagnostic(`${runs} scripts of up to 60 steps, seed ${seed}`);
  });
});

/** Keeps what it was first told of an address, as the agents did that kube2iam and kiam had. */
function neverForgetting(deps: Parameters<typeof createCallerIndex>[0]): CallerIndex {
  const index = createCallerIndex(deps);
  const first = new Map<string, ReturnType<CallerIndex["find"]>>();
  return {
    ...index,
    find: (address) => {
      const found = index.find(address);
      const before = first.get(address) ?? found;
      if (before.kind === "pod") first.set(address, before);
      return before;
    },
  };
}

const planted: Readonly<Record<string, { readonly sabotage: Sabotage; readonly says: RegExp }>> = {
  "nobody looks at the node's network": {
    sabotage: { blindToInterfaces: true },
    says: /asks and is served as uid/,
  },
  "an address stays with its first owner": {
    sabotage: { index: neverForgetting },
    says: /asks and is served as uid/,
  },
  "every move is for ever": {
    sabotage: {
      index: (deps) =>
        createCallerIndex({ ...deps, resources: { ...deps.resources, ageSeconds: () => 1e9 } }),
    },
    says: /served as nobody/,
  },
};

describe("the model of callers", () => {
  for (const [name, { sabotage, says }] of Object.entries(planted)) {
    it(`finds it when ${name}`, () => {
      const found = findFault(sabotage, 2000);
      assert.match(found?.fault ?? "nothing found", says);
    });
  }
});
