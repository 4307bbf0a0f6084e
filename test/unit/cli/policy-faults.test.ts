import assert from "node:assert/strict";
import { test } from "node:test";

import { createPolicyFaults } from "../../../src/cli/policy-faults.ts";
import { EngineError } from "../../../src/engine/errors.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

test("logs a fault once, and counts it and what follows from it in every daemon's metrics", async () => {
  const lines: string[] = [];
  const log = createLog({
    clock: createSimulatedClock(0),
    level: "info",
    component: "podid",
    destination: { write: (line) => void lines.push(line) },
  });
  const faults = createPolicyFaults(log);
  const registries = [faults.countIn(createMetrics()), faults.countIn(createMetrics())];
  faults.report(new EngineError("DeadlineExceeded", "podid/token/decision took longer than 50 ms"));
  faults.report(new EngineError("Quarantined", "token: held"));
  faults.report(new EngineError("EvaluationFailed", "failed", { cause: "custom/x.rego:3: conflict" }));
  for (const registry of registries) {
    const { text } = await registry.render();
    assert.match(text, /^podid_policy_timeouts_total 1$/m);
    for (const code of ["DeadlineExceeded", "Quarantined", "EvaluationFailed"]) {
      assert.match(text, new RegExp(`^podid_policy_faults_total\\{code="${code}"\\} 1$`, "m"));
    }
  }
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /DeadlineExceeded.*50 ms/);
  assert.match(lines[1] ?? "", /EvaluationFailed.*conflict/);
});
