import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { createClusterData } from "../../../src/engine/cluster-data.ts";
import { EngineError, type EngineErrorCode } from "../../../src/engine/errors.ts";
import { createPolicyData, type Runner } from "../../../src/engine/runner.ts";
import { createRunnerPool, type RunnerPool } from "../../../src/engine/runner-pool.ts";

interface Line {
  readonly pool: RunnerPool;
  readonly codes: readonly EngineErrorCode[];
  readonly closed: readonly number[];
  /** How many runners were started. */
  readonly started: () => number;
}

/** A pool over runners of which each fails as `plan` says for its number, or answers with the number. */
async function poolOf(plan: Readonly<Record<number, EngineErrorCode | "unmakeable">>): Promise<Line> {
  const codes: EngineErrorCode[] = [];
  const closed: number[] = [];
  let started = 0;
  const make = (): Promise<Runner> => {
    const number = (started += 1);
    const failure = plan[number];
    if (failure === "unmakeable") return Promise.reject(new Error("no memory"));
    return Promise.resolve({
      prepare: () => undefined,
      evaluate: () => {
        if (failure !== undefined) throw new EngineError(failure, "planned");
        return number;
      },
      close: () => {
        closed.push(number);
        return Promise.resolve();
      },
    });
  };
  const data = createPolicyData({}, createClusterData());
  const pool = await createRunnerPool(make, data, ({ code }) => void codes.push(code));
  return { pool, codes, closed, started: () => started };
}

test("asks the spare the same question when the runner in use was lost, so that nobody is refused", async () => {
  const { pool, codes, closed } = await poolOf({ 1: "InstanceLost" });
  assert.deepEqual(pool.evaluate("x", {}), { ok: true, result: 2 });
  assert.deepEqual(codes, ["InstanceLost"]);
  assert.deepEqual(closed, [1]);
});

test("does not ask the spare a question that broke the runner in use", async () => {
  const { pool } = await poolOf({ 1: "EvaluationFailed" });
  const answer = pool.evaluate("x", {});
  assert.equal(answer.ok ? "" : answer.fault.code, "EvaluationFailed");
  assert.deepEqual(pool.evaluate("x", {}), { ok: true, result: 2 });
});

test("tries again to make a runner as long as there is none", async () => {
  const { pool, codes } = await poolOf({
    1: "EvaluationFailed",
    2: "EvaluationFailed",
    3: "unmakeable",
    4: "unmakeable",
  });
  for (let i = 0; i < 3; i += 1) assert.equal(pool.evaluate("x", {}).ok, false);
  for (let i = 0; i < 5; i += 1) await turn();
  assert.deepEqual(codes, ["Unavailable", "Unavailable"]);
  assert.equal(pool.evaluate("x", {}).ok, false);
  for (let i = 0; i < 5; i += 1) await turn();
  assert.deepEqual(pool.evaluate("x", {}), { ok: true, result: 5 });
});

test("closes every runner, also one that is made meanwhile", async () => {
  const { pool, closed, started } = await poolOf({ 1: "EvaluationFailed" });
  pool.evaluate("x", {});
  await pool.close();
  for (let i = 0; i < 5; i += 1) await turn();
  assert.equal(pool.evaluate("x", {}).ok, false);
  assert.equal(started(), 3);
  assert.deepEqual(new Set(closed), new Set([1, 2, 3]));
});
