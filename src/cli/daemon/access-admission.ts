import type { KubernetesApi } from "../../kubernetes/api.ts";
import { readShippedAdmission } from "../../kubernetes/served-admission-object.ts";
import { followServedAdmission, type FollowedAdmission } from "../../kubernetes/served-admission-watch.ts";
import { admissionRemedy, type Vouching } from "../../kubernetes/served-admission.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import { shippedFiles } from "../paths.ts";

/**
 * Lets grants and approvals be believed while, and as far back as, the cluster enforces who may write them. When the
 * cluster cannot be asked, what was seen last stands.
 */
export async function followAccessAdmission(options: {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly believe: (vouching: Vouching) => void;
}): Promise<FollowedAdmission> {
  const { log, metrics, believe } = options;
  const believed = metrics.gauge({
    name: "podid_grants_believed",
    help: "1 while admission policies vouch for who requested and approved access, else grants count for nothing.",
    labels: [],
  });
  believed({}, 0);
  const onChange = (vouching: Vouching): void => {
    believed({}, vouching.inForce ? 1 : 0);
    believe(vouching);
    if (vouching.inForce) {
      const after = Temporal.Instant.fromEpochMilliseconds(vouching.afterMs).toString();
      log.info({ after }, "grants and approvals are vouched for by admission policies");
    } else {
      const { faults } = vouching;
      log.warn({ faults, remedy: admissionRemedy }, "grants and approvals count for nothing");
    }
  };
  const shipped = await readShippedAdmission(shippedFiles.admission);
  return followServedAdmission({ ...options, random: Math.random, shipped, onChange });
}
