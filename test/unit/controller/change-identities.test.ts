import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { changeIdentities } from "../../../src/controller/change-identities.ts";
import type { ComputeFailure, ComputeResult } from "../../../src/controller/ports.ts";
import { createFakeCompute } from "./fakes.ts";

const { signal } = new AbortController();

function failure(kind: ComputeFailure["kind"], fields: Partial<ComputeFailure> = {}): ComputeFailure {
  return { kind, retryAfterSeconds: null, identities: [], detail: "why", ...fields };
}

describe("changeIdentities", () => {
  it("asks nothing when nothing is to change", async () => {
    const compute = createFakeCompute();
    const outcome = await changeIdentities(compute, "vm", { add: [], remove: [] }, signal);
    assert.equal(outcome.failures.size, 0);
    assert.deepEqual(compute.calls, []);
  });

  it("leaves out the culprits that ARM names, in any letter case, and does the rest", async () => {
    const compute = createFakeCompute();
    compute.failWith = (_, ids) => (ids.includes("bad") ? failure("refused", { identities: ["BAD"] }) : null);
    const outcome = await changeIdentities(compute, "vm", { add: ["Good", "Bad"], remove: [] }, signal);
    assert.deepEqual([...outcome.failures], [["bad", { detail: "refused: why", isRefusal: true }]]);
    assert.deepEqual(compute.journal, ["+good"]);
    assert.equal(compute.calls.length, 2);
  });

  it("finds culprits by halves when ARM names none", async () => {
    const compute = createFakeCompute();
    compute.failWith = (_, ids) => (ids.some((id) => id.startsWith("bad")) ? failure("refused") : null);
    compute.machines.set("vm", new Set(["old"]));
    const change = { add: ["a", "b", "bad1", "c", "bad2"], remove: ["old"] };
    const outcome = await changeIdentities(compute, "vm", change, signal);
    assert.deepEqual([...outcome.failures.keys()].toSorted(), ["bad1", "bad2"]);
    assert.deepEqual([...(compute.machines.get("vm") ?? [])].toSorted(), ["a", "b", "c"]);
  });

  it("fails all of it when the outcome is unknown, and hands on how long to stay away", async () => {
    const compute = createFakeCompute();
    compute.failWith = () => failure("throttled", { retryAfterSeconds: 20 });
    const outcome = await changeIdentities(compute, "vm", { add: ["a"], remove: ["b"] }, signal);
    assert.deepEqual([...outcome.failures.keys()], ["a", "b"]);
    assert.equal(outcome.retryAfterMs, 20_000);
    assert.equal(compute.calls.length, 1);
  });

  it("asks once when podid itself is refused: no half would fare better", async () => {
    const compute = createFakeCompute();
    compute.failWith = () => failure("forbidden");
    const outcome = await changeIdentities(compute, "vm", { add: ["a", "b", "c"], remove: ["d"] }, signal);
    assert.deepEqual([...outcome.failures.keys()], ["a", "b", "c", "d"]);
    assert.deepEqual(outcome.failures.get("a"), { detail: "forbidden: why", isRefusal: false });
    assert.equal(compute.calls.length, 1);
  });

  it("takes a VM that is gone for a removal that is done", async () => {
    const compute = createFakeCompute();
    compute.failWith = () => failure("notFound");
    const outcome = await changeIdentities(compute, "vm", { add: ["a"], remove: ["b"] }, signal);
    assert.deepEqual([...outcome.failures.keys()], ["a"]);
  });

  it("believes only what ARM shows afterwards", async () => {
    const compute = {
      ...createFakeCompute(),
      changeIdentities: async (): Promise<ComputeResult> => ({ ok: true, identities: ["B"] }),
    };
    const outcome = await changeIdentities(compute, "vm", { add: ["a"], remove: ["b"] }, signal);
    assert.deepEqual([...outcome.failures.keys()], ["a", "b"]);
  });
});
