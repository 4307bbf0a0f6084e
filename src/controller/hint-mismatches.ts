import type { Metrics } from "../runtime/metrics.ts";

/** Declares the counter in the controller's `metrics`; answers what counts one. */
export function countHintMismatches(metrics: Metrics): () => void {
  const mismatches = metrics.counter({
    name: "podid_policy_hint_mismatch_total",
    help: "Boundaries that custom rules declared and at which no answer changed, each time one was checked.",
    labels: [],
  });
  return () => mismatches({}, 1);
}
