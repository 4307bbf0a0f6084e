import type { EngineError, EngineErrorCode } from "../engine/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { toError } from "../runtime/to-error.ts";

/** Makes the faults of the policy known: in the log, and in the metrics of every daemon that asks it. */
export interface PolicyFaults {
  report(fault: EngineError): void;
  /** Counts later faults in `metrics` as well; answers `metrics`. */
  countIn(metrics: Metrics): Metrics;
}

/** Consequences of a fault that was reported before, once per question: too many for the log. */
const consequences: ReadonlySet<EngineErrorCode> = new Set(["Quarantined", "Unavailable"]);

/** Starts with no metrics to count in. */
export function createPolicyFaults(log: Log): PolicyFaults {
  const counters: ((fault: EngineError) => void)[] = [];
  return {
    report: (fault) => {
      const level = consequences.has(fault.code) ? "debug" : "error";
      log[level]({ code: fault.code, err: toError(fault.cause ?? fault).message }, "policy fault");
      for (const count of counters) count(fault);
    },
    countIn: (metrics) => {
      counters.push(countFaults(metrics));
      return metrics;
    },
  };
}

/** A fault in one line, for commands that have no log. */
export function describeFault({ message, cause }: EngineError): string {
  const why = cause === undefined ? "" : toError(cause).message.split("\n")[0];
  return why === "" ? message : `${message}: ${why}`;
}

function countFaults(metrics: Metrics): (fault: EngineError) => void {
  const faults = metrics.counter({
    name: "podid_policy_faults_total",
    help: "Faults of the policy, each of which refuses a question or costs an instance, by code.",
    labels: ["code"],
  });
  const timeouts = metrics.counter({
    name: "podid_policy_timeouts_total",
    help: "Decisions of a policy with user rules that were stopped at the deadline.",
    labels: [],
  });
  return ({ code }) => {
    faults({ code }, 1);
    if (code === "DeadlineExceeded") timeouts({}, 1);
  };
}
