import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ComputeFailure, ComputeResult } from "../../../src/controller/ports.ts";
import { settle, type Settled, stepsOf } from "../../../src/controller/settle-change.ts";
import { createFakeCompute, type FakeCompute } from "./fakes.ts";

const { signal } = new AbortController();

function failure(kind: ComputeFailure["kind"], fields: Partial<ComputeFailure> = {}): ComputeFailure {
  return { kind, retryAfterSeconds: null, identities: [], detail: "why", ...fields };
}

function run(
  compute: Pick<FakeCompute, "changeIdentities">,
  change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
): Promise<Settled> {
  const steps = stepsOf({ add: [], remove: [], ...change });
  return settle(steps, (part) => compute.changeIdentities("vm", part, signal));
}

/** `id kind` of what was not done, sorted. */
function failed({ failures }: Settled): readonly string[] {
  return [...failures].map(([{ id }, { kind }]) => `${id} ${kind}`).toSorted();
}

function many(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `id-${index}`);
}

describe("a change of identities", () => {
  it("asks nothing when nothing is to change", async () => {
    const compute = createFakeCompute();
    assert.deepEqual(failed(await run(compute, {})), []);
    assert.deepEqual(compute.calls, []);
  });

  it("leaves out the culprits that ARM names, in any letter case, and does the rest", async () => {
    const compute = createFakeCompute();
    compute.failWith = (_, ids) => (ids.includes("bad") ? failure("refused", { identities: ["BAD"] }) : null);
    const settled = await run(compute, { add: ["Good", "Bad"] });
    assert.deepEqual(
      [...settled.failures.values()],
      [{ detail: "refused: why", kind: "refused", isNamed: true }],
    );
    assert.deepEqual(compute.journal, ["+good"]);
    assert.equal(compute.calls.length, 2);
  });

  for (let culprit = 0; culprit < 50; culprit += 7) {
    it(`finds one culprit among 50 whom ARM does not name in 8 requests at most: ${culprit}`, async () => {
      const compute = createFakeCompute();
      const bad = `id-${culprit}`;
      compute.failWith = (_, ids) => (ids.includes(bad) ? failure("refused") : null);
      assert.deepEqual(failed(await run(compute, { add: many(50) })), [`${bad} refused`]);
      assert.equal(compute.machines.get("vm")?.size, 49);
      assert.ok(compute.calls.length <= 8, `${compute.calls.length} requests`);
    });
  }

  it("finds several culprits, and removes meanwhile what is to be removed", async () => {
    const compute = createFakeCompute();
    compute.failWith = (_, ids) => (ids.some((id) => id.startsWith("bad")) ? failure("refused") : null);
    compute.machines.set("vm", new Set(["old"]));
    const change = { add: ["a", "b", "bad1", "c", "bad2"], remove: ["old"] };
    assert.deepEqual(failed(await run(compute, change)), ["bad1 refused", "bad2 refused"]);
    assert.deepEqual([...(compute.machines.get("vm") ?? [])].toSorted(), ["a", "b", "c"]);
  });

  it("gives up after 8 requests, with some culprits found and none of the rest blamed", async () => {
    const compute = createFakeCompute();
    compute.failWith = () => failure("refused");
    const settled = await run(compute, { add: many(64) });
    assert.equal(compute.calls.length, 8);
    assert.deepEqual(
      failed(settled).filter((text) => text.endsWith("refused")),
      ["id-0 refused"],
    );
    assert.equal(settled.failures.size, 64);
  });

  it("blames nobody when ARM names an identity of somebody else that is on the machine", async () => {
    let calls = 0;
    const changeIdentities = async (): Promise<ComputeResult> => {
      calls += 1;
      const foreign = failure("refused", { identities: ["Somebody-Elses"] });
      return { ok: false, failure: foreign, identities: ["somebody-elses"] };
    };
    const settled = await run({ changeIdentities }, { add: ["a", "b"] });
    assert.deepEqual(failed(settled), ["a trouble", "b trouble"]);
    assert.equal(calls, 1);
  });

  it("tries halves when ARM names only what was neither asked for nor is on the machine", async () => {
    const compute = createFakeCompute();
    compute.failWith = (_, ids) =>
      ids.includes("id-33") ? failure("refused", { identities: ["id", "id-33/"] }) : null;
    const settled = await run(compute, { add: many(50) });
    assert.deepEqual(failed(settled), ["id-33 refused"]);
    assert.deepEqual(
      [...settled.failures.values()].map(({ isNamed }) => isNamed),
      [false],
    );
    assert.equal(compute.machines.get("vm")?.size, 49);
    assert.ok(compute.calls.length <= 8, `${compute.calls.length} requests`);
  });

  for (const kind of ["throttled", "forbidden", "conflict", "unavailable", "deleting"] as const) {
    it(`asks once when no half would fare better: ${kind}`, async () => {
      const compute = createFakeCompute();
      compute.failWith = () => failure(kind, { retryAfterSeconds: 20 });
      const settled = await run(compute, { add: ["a", "b"], remove: ["c"] });
      assert.deepEqual(failed(settled), ["a trouble", "b trouble", "c trouble"]);
      assert.equal(settled.trouble?.retryAfterSeconds, 20);
      assert.equal(compute.calls.length, 1);
    });
  }

  it("counts what went on before the failure", async () => {
    const result: ComputeResult = { ok: false, failure: failure("throttled"), identities: ["A", "c"] };
    const settled = await run(
      { changeIdentities: async () => result },
      { add: ["a", "b"], remove: ["c", "d"] },
    );
    assert.deepEqual(failed(settled), ["b trouble", "c trouble"]);
  });

  it("takes a VM that is gone for a removal that is done", async () => {
    const compute = createFakeCompute();
    compute.failWith = () => failure("notFound");
    assert.deepEqual(failed(await run(compute, { add: ["a"], remove: ["b"] })), ["a trouble"]);
  });

  it("takes an identity that must stay for one that we have left", async () => {
    const result: ComputeResult = { ok: true, identities: ["B"], kept: ["B"] };
    assert.deepEqual(failed(await run({ changeIdentities: async () => result }, { remove: ["b"] })), []);
  });

  it("believes only what ARM shows afterwards", async () => {
    const result: ComputeResult = { ok: true, identities: ["B"] };
    const settled = await run({ changeIdentities: async () => result }, { add: ["a"], remove: ["b"] });
    assert.deepEqual(failed(settled), ["a trouble", "b trouble"]);
  });
});
