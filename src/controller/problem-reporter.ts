import { recordProblem } from "./events.ts";
import type { Cluster } from "./ports.ts";
import type { Problem } from "./problem.ts";

/** Tells each problem of a unit once, and again only after it had gone. */
export interface ProblemReporter {
  /** `problems` are all that `unitKey` has now. */
  report(unitKey: string, problems: readonly Problem[]): void;
}

/** Makes a reporter that writes events; without it every resync would repeat them. */
export function createProblemReporter(cluster: Pick<Cluster, "recordEvent">): ProblemReporter {
  const known = new Map<string, ReadonlySet<string>>();
  return {
    report: (unitKey, problems) => {
      const before = known.get(unitKey);
      const now = new Map(
        problems.map((problem) => [`${problem.kind} ${problem.key} ${problem.message}`, problem]),
      );
      for (const [text, problem] of now) {
        if (before?.has(text) !== true) recordProblem(cluster, problem);
      }
      if (now.size === 0) known.delete(unitKey);
      else known.set(unitKey, new Set(now.keys()));
    },
  };
}
