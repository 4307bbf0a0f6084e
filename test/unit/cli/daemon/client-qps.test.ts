import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { rateOf } from "../../../../src/cli/daemon/controller.ts";
import { controllerFlags } from "../../../../src/cli/daemon/flags.ts";
import { parseFlags } from "../../../../src/cli/daemon/go-flags.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";
import { json, useLoopback } from "../../kubernetes/loopback-api.ts";

const assigned = { method: "GET", path: "/apis/aadpodidentity.k8s.io/v1/azureassignedidentities" } as const;
const parse = (...args: readonly string[]) => parseFlags("controller", controllerFlags, args);

describe("requests of the controller to the API server", () => {
  it("keep to --clientQps when it is given, and are not held back when it is not, whatever its default says", async (t) => {
    for (const [args, answeredAtOnce, count] of [
      [["--clientQps=5"], 5, 7],
      [["--clientQps=0.5"], 1, 3],
      // More than the burst of a client that nobody tells anything.
      [[], 60, 60],
    ] as const) {
      const clock = createSimulatedClock(0);
      const rate = rateOf(parse(...args));
      const { api, seen } = await useLoopback(t, (_, response) => json(response, 200, {}), { clock, rate });
      const calls = Array.from({ length: count }, () => api.call(assigned));
      await Promise.all(calls.slice(0, answeredAtOnce));
      // Time enough for one that is not held back: its connection is open already.
      for (let turns = 0; turns < 50; turns += 1) await turn();
      assert.equal(seen.length, answeredAtOnce);
      for (const call of calls.slice(answeredAtOnce)) {
        clock.advance(2000);
        await call;
      }
      assert.equal(seen.length, count);
    }
  });

  it("share eight connections, whatever --createDeleteBatch says, which is named as doing nothing", async (t) => {
    const flags = parse("--createDeleteBatch=1");
    assert.deepEqual(flags.warnings, [
      "flag --createDeleteBatch is accepted for aad-pod-identity and does nothing: writes share the controller's few connections",
    ]);
    const answers: (() => void)[] = [];
    const eight = Promise.withResolvers<void>();
    const options = { rate: rateOf(flags) };
    const { api, seen, connections } = await useLoopback(
      t,
      (_, response) => {
        answers.push(() => json(response, 200, {}));
        if (answers.length === 8) eight.resolve();
        if (seen.length > 8) answers.splice(0).forEach((answer) => answer());
      },
      options,
    );
    const calls = Array.from({ length: 40 }, () => api.call({ ...assigned, method: "POST", body: {} }));
    await eight.promise;
    assert.equal(seen.length, 8);
    for (const answer of answers.splice(0)) answer();
    await Promise.all(calls);
    assert.deepEqual([seen.length, connections()], [40, 8]);
  });
});
