import type { ArmBudget } from "../../azure/arm-gate.ts";
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
