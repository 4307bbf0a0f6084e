import type { ArmBudget } from "../../azure/arm-gate.ts";
import type { CloudOperation } from "../../azure/compute-operations.ts";
import type { Metrics } from "../../runtime/metrics.ts";

/** Declares gauges for what is left of ARM's patience, per subscription and scope; answers what sets them. */
export function countArmBudget(metrics: Metrics): (budget: ArmBudget) => void {
  const labels = ["subscription", "scope"];
  const calls = metrics.gauge({
    name: "podid_arm_calls_left",
    help: "Calls to ARM that may go out at once; they refill at ARM's documented pace.",
    labels,
  });
  const closed = metrics.gauge({
    name: "podid_arm_closed_seconds",
    help: "For how long nothing is sent, as of the last call, because ARM answered 429.",
    labels,
  });
  return ({ subscriptionID, scope, callsLeft, closedSeconds }) => {
    calls({ subscription: subscriptionID, scope }, callsLeft);
    closed({ subscription: subscriptionID, scope }, closedSeconds);
  };
}

/** The reference's buckets for what takes ARM's time (aad-pod-identity.md §7, "C"). */
const buckets = [0.5, 1, 5, 10, 30, 60, 120, 300, 600, 900, 1200];

/**
 * Declares the reference's metrics of uses of ARM, under its names and with its labels, so that its dashboards go on
 * (aad-pod-identity.md §7); answers what counts them.
 */
export function countArmOperations(metrics: Metrics): (operation: CloudOperation) => void {
  const labels = ["operation_type"];
  const errors = metrics.counter({
    name: "aadpodidentity_cloud_provider_operations_errors_count",
    help: "Total number of errors in cloud provider operations",
    labels,
  });
  const durations = metrics.histogram({
    name: "aadpodidentity_cloud_provider_operations_duration_seconds",
    help: "Duration in seconds of cloud provider operations",
    labels,
    buckets,
  });
  return ({ type, ok, durationMs }) => {
    if (ok) durations({ operation_type: type }, durationMs / 1000);
    else errors({ operation_type: type }, 1);
  };
}
