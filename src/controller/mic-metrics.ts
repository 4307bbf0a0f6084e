import type { Clock } from "../runtime/clock.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Cluster } from "./ports.ts";

/**
 * The metrics of aad-pod-identity's MIC, under its names and with its buckets, so that its dashboards and alerts go on
 * (reference/aad-pod-identity.md §7).
 */
export interface MicMetrics {
  /** The same `cluster`, with its writes of assigned identities counted. */
  ofCluster(cluster: Cluster): Cluster;
  /** A look at one VM or scale set that found something to do. */
  cycle(durationMs: number): void;
  /** This process begins to stand for election. */
  election(): void;
}

const short = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 10];
const long = [0.5, 1, 5, 10, 30, 60, 120, 300, 600, 900, 1200];
const byOperation = ["operation_type"];

/** Declares them on `metrics`. */
export function createMicMetrics(metrics: Metrics, clock: Clock): MicMetrics {
  const declare = createDeclare(metrics);
  const cycles = declare.timed("mic_cycle", "in MIC cycles", "MIC cycles", long);
  const elections = declare.counter("mic_new_leader_election_count", "new leader elections");
  const apiErrors = declare.counter(
    "kubernetes_api_operations_errors_count",
    "kubernetes api operations that failed",
    byOperation,
  );
  return {
    ofCluster: (cluster) => ({ ...cluster, ...countWrites(cluster, declare, apiErrors, clock) }),
    cycle: cycles,
    election: () => elections({}, 1),
  };
}

type Count = (labels: Readonly<Record<string, string>>, value: number) => void;

interface Declare {
  counter(name: string, what: string, labels?: readonly string[]): Count;
  /** A count and a histogram of durations of the same thing. */
  timed(name: string, took: string, what: string, buckets: readonly number[]): (durationMs: number) => void;
}

function createDeclare(metrics: Metrics): Declare {
  const counter: Declare["counter"] = (name, what, labels = []) =>
    metrics.counter({ name: `aadpodidentity_${name}`, help: `Total number of ${what}`, labels });
  return {
    counter,
    timed: (name, took, what, buckets) => {
      const count = counter(`${name}_count`, what);
      const duration = metrics.histogram({
        name: `aadpodidentity_${name}_duration_seconds`,
        help: `Duration in seconds of ${took}`,
        labels: [],
        buckets,
      });
      return (durationMs) => {
        count({}, 1);
        duration({}, durationMs / 1000);
      };
    },
  };
}

type Writes = Pick<
  Cluster,
  | "createAssignedIdentity"
  | "replaceAssignedIdentity"
  | "deleteAssignedIdentity"
  | "patchAssignedIdentityStatus"
>;

function countWrites(cluster: Cluster, declare: Declare, errors: Count, clock: Clock): Writes {
  const counted = async <T>(
    operation: string,
    write: () => Promise<T>,
    onDone?: (durationMs: number) => void,
  ): Promise<T> => {
    const startedMs = clock.monotonicMs();
    try {
      const result = await write();
      onDone?.(clock.monotonicMs() - startedMs);
      return result;
    } catch (thrown) {
      errors({ operation_type: operation }, 1);
      throw thrown;
    }
  };
  const timed = (what: string): ((durationMs: number) => void) =>
    declare.timed(
      `assigned_identity_${what}`,
      `assigned identity ${what} operations`,
      `assigned identity ${what} operations`,
      short,
    );
  const [added, deleted, updated] = [timed("addition"), timed("deletion"), timed("update")];
  return {
    createAssignedIdentity: (object) =>
      counted("assigned_identity_addition", () => cluster.createAssignedIdentity(object), added),
    replaceAssignedIdentity: (object) =>
      counted("assigned_identity_update", () => cluster.replaceAssignedIdentity(object), updated),
    deleteAssignedIdentity: (key) =>
      counted("assigned_identity_deletion", () => cluster.deleteAssignedIdentity(key), deleted),
    patchAssignedIdentityStatus: (key, patch) =>
      counted("update_azure_assigned_identity_status", () => cluster.patchAssignedIdentityStatus(key, patch)),
  };
}
