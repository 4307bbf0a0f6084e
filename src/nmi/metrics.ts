import type { Metrics } from "../runtime/metrics.ts";
import type { ReferenceMetrics } from "./reference-metrics.ts";
import type { Served } from "./served.ts";

/** What NMI counts. Labels come from closed lists only: no pod, identity or resource. */
export interface NmiMetrics {
  onServed(served: Served, seconds: number): void;
  readonly onHeld: (count: number) => void;
  readonly onFetch: (result: string) => void;
  readonly onHintMismatch: () => void;
}

const secondsBuckets = [0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30, 50, 60];
const overhangBuckets = [60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600];

/** Registers NMI's metrics in `metrics`; `reference` hears of each request, too. */
export function createNmiMetrics(
  metrics: Metrics,
  reference: Pick<ReferenceMetrics, "onServed">,
): NmiMetrics {
  const requests = metrics.counter({
    name: "podid_nmi_requests_total",
    help: "Requests answered, by outcome and HTTP status.",
    labels: ["outcome", "status"],
  });
  const duration = metrics.histogram({
    name: "podid_nmi_request_duration_seconds",
    help: "Time from a request's arrival to its answer, waiting included.",
    labels: ["outcome"],
    buckets: secondsBuckets,
  });
  const held = metrics.gauge({
    name: "podid_nmi_held_requests",
    help: "Requests that wait for something to change.",
    labels: [],
  });
  const fetches = metrics.counter({
    name: "podid_nmi_token_fetches_total",
    help: "Token calls to Azure, by result.",
    labels: ["result"],
  });
  const overhang = observeOverhang(metrics);
  return {
    onServed: (served, seconds) => {
      const { outcome, answer, realExp, toldExp } = served;
      reference.onServed(served, seconds);
      requests({ outcome, status: String(answer.status) }, 1);
      duration({ outcome }, seconds);
      if (realExp !== undefined && toldExp !== undefined) overhang(realExp - toldExp);
    },
    onHeld: (count) => held({}, count),
    onFetch: (result) => fetches({ result }, 1),
    onHintMismatch: countHintMismatches(metrics),
  };
}

function observeOverhang(metrics: Metrics): (seconds: number) => void {
  const overhang = metrics.histogram({
    name: "podid_token_overhang_seconds",
    help: "How long an issued token stays valid at Azure after the expiry told to the client.",
    labels: [],
    buckets: overhangBuckets,
  });
  return (seconds) => overhang({}, seconds);
}

function countHintMismatches(metrics: Metrics): () => void {
  const mismatches = metrics.counter({
    name: "podid_policy_hint_mismatch_total",
    help: "Boundaries that custom rules declared and at which no answer changed, each time one was checked.",
    labels: [],
  });
  return () => mismatches({}, 1);
}
