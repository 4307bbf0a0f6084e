import type { BundleSlot } from "../engine/bundle-slot.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { openDecisionLog } from "./decision-log-file.ts";
import { createPolicyFaults } from "./policy-faults.ts";
import { openPolicySource, type PolicyLoadFault } from "./policy-source.ts";
import { policyFile } from "./policy.ts";

/** The policy as a daemon runs it: following its bundle file, its faults known, its decisions written down. */
export interface RunningPolicy {
  readonly engine: BundleSlot;
  /** Null while the file on disk is the policy that serves. */
  readonly lastFault: () => PolicyLoadFault | null;
  /** Shows and counts all of this in `metrics` from now on; answers `metrics`. */
  readonly countIn: (metrics: Metrics) => Metrics;
  close(): Promise<void>;
}

/**
 * Starts by what the flags `--policy` and `--decision-log` say; both may be empty.
 * @throws CommandError 2 for a decision log that cannot be written, 3 when there is no good bundle.
 */
export async function startPolicy(options: {
  readonly policy: string;
  readonly decisionLog: string;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<RunningPolicy> {
  const { clock, log } = options;
  const faults = createPolicyFaults(log);
  const decisionLog = await openDecisionLog(options.decisionLog, { clock, log });
  const source = await openPolicySource({
    file: policyFile(options.policy),
    clock,
    log,
    onFault: (fault) => faults.report(fault),
    ...(decisionLog === undefined ? {} : { onDecision: decisionLog.write }),
  });
  return {
    engine: source.engine,
    lastFault: source.lastFault,
    countIn: (metrics) => {
      faults.countIn(metrics);
      source.countIn(metrics);
      decisionLog?.countIn(metrics);
      return metrics;
    },
    close: async () => {
      await source.close();
      await decisionLog?.close();
    },
  };
}
