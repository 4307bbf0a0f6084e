import type { KubernetesApi } from "../../kubernetes/api.ts";
import { findAdmissionFaults } from "../../kubernetes/served-admission.ts";
import type { Cancel, Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import { toError } from "../../runtime/to-error.ts";

const everyMs = 60_000;

/**
 * Lets grants and approvals be believed while the cluster enforces who may write them, looking each minute. When the
 * cluster cannot be asked, what was found last stands; at the start that is: no.
 * Answers the way to stop.
 */
export function followAccessAdmission(options: {
  readonly api: Pick<KubernetesApi, "call">;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly believe: (isBelieved: boolean) => void;
}): Cancel {
  const { api, clock, log } = options;
  const settle = createSettle(options);
  const stopping = new AbortController();
  const look = async (): Promise<void> => {
    try {
      settle(await findAdmissionFaults(api, stopping.signal));
    } catch (error) {
      if (!stopping.signal.aborted)
        log.warn({ err: toError(error) }, "whether grants are vouched for cannot be told");
    }
    if (!stopping.signal.aborted) cancel = clock.after(everyMs, () => void look());
  };
  let cancel = clock.after(0, () => void look());
  return () => {
    stopping.abort();
    cancel();
  };
}

/** Acts on what lacks, and tells it when it has changed. */
function createSettle(options: {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly believe: (isBelieved: boolean) => void;
}): (faults: readonly string[]) => void {
  const { log, metrics, believe } = options;
  const believed = metrics.gauge({
    name: "podid_grants_believed",
    help: "1 while admission policies vouch for who requested and approved access, else grants count for nothing.",
    labels: [],
  });
  let told: string | undefined;
  believed({}, 0);
  return (faults) => {
    believed({}, faults.length === 0 ? 1 : 0);
    believe(faults.length === 0);
    const text = faults.join("\n");
    if (text === told) return;
    told = text;
    if (faults.length > 0) log.warn({ faults }, "grants and approvals count for nothing");
    else log.info({}, "grants and approvals are vouched for by admission policies");
  };
}
