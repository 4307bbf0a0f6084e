import type { Metrics } from "../runtime/metrics.ts";

type LoadResult = "loaded" | "refused";

/** Which policy serves, and how its loads went, in the metrics of every daemon that asks it. */
export interface PolicyMetrics {
  /** To be called once `policy` shows what came of the load. */
  readonly onLoad: (result: LoadResult) => void;
  /** Shows the policy in use and counts later loads in `metrics` as well; answers `metrics`. */
  readonly countIn: (metrics: Metrics) => Metrics;
}

/** `policy` is read again after each load. */
export function createPolicyMetrics(policy: {
  readonly revision: string;
  readonly digest: string;
}): PolicyMetrics {
  const listeners: ((result: LoadResult) => void)[] = [];
  return {
    onLoad: (result) => {
      for (const listener of listeners) listener(result);
    },
    countIn: (metrics) => {
      const info = metrics.info({
        name: "podid_policy_info",
        help: "The policy bundle that serves; always 1.",
        labels: ["revision", "digest"],
      });
      const loads = metrics.counter({
        name: "podid_policy_loads_total",
        help: "Policy bundles that were tried after the start, by result.",
        labels: ["result"],
      });
      const show = (): void => info({ revision: policy.revision, digest: policy.digest });
      show();
      for (const result of ["loaded", "refused"]) loads({ result }, 0);
      listeners.push((result) => {
        show();
        loads({ result }, 1);
      });
      return metrics;
    },
  };
}
