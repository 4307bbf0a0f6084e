import assert from "node:assert/strict";
import { it } from "node:test";

import { countArmBudget, countArmOperations } from "../../../../src/cli/daemon/arm-metrics.ts";
import { createMetrics } from "../../../../src/runtime/metrics.ts";

it("counts uses of ARM under the reference's names, failures apart from durations", async () => {
  const metrics = createMetrics();
  const count = countArmOperations(metrics);
  count({ type: "vmss_update", ok: true, durationMs: 36_000 });
  count({ type: "vm_get", ok: false, durationMs: 10 });
  const { text } = await metrics.render();
  const [errors, seconds] = [
    "aadpodidentity_cloud_provider_operations_errors_count",
    "aadpodidentity_cloud_provider_operations_duration_seconds",
  ];
  for (const line of [
    `${errors}{operation_type="vm_get"} 1`,
    `${seconds}_bucket{le="30",operation_type="vmss_update"} 0`,
    `${seconds}_bucket{le="60",operation_type="vmss_update"} 1`,
    `${seconds}_bucket{le="1200",operation_type="vmss_update"} 1`,
    `${seconds}_sum{operation_type="vmss_update"} 36`,
  ]) {
    assert.ok(text.split("\n").includes(line), line);
  }
  assert.ok(!text.includes(`${errors}{operation_type="vmss_update"}`));
});

it("shows what is left of ARM's budget", async () => {
  const metrics = createMetrics();
  const show = countArmBudget(metrics);
  show({ subscriptionID: "s", scope: "writes", callsLeft: 199, closedSeconds: 42 });
  const { text } = await metrics.render();
  assert.match(text, /^podid_arm_calls_left\{subscription="s",scope="writes"\} 199$/m);
  assert.match(text, /^podid_arm_closed_seconds\{subscription="s",scope="writes"\} 42$/m);
});
