import { drain, type DrainDependencies, type Leftover } from "../../controller/drain.ts";
import { CommandError } from "../errors.ts";
import type { Daemon } from "./daemon.ts";
import type { Duty } from "./duty.ts";

const shownLeftovers = 20;

/**
 * `podid controller --drain`: waits until it alone may act, takes everything away that was assigned, and ends.
 * @throws CommandError 1, naming what is left, when that takes longer than `timeoutMs` or `signal` aborts.
 */
export async function leave(
  parts: {
    readonly daemon: Daemon;
    readonly dependencies: DrainDependencies;
    readonly timeoutMs: number;
    readonly duty: Duty;
  },
  signal: AbortSignal,
): Promise<void> {
  const { daemon, dependencies, timeoutMs, duty } = parts;
  const { clock, log, open } = daemon;
  const timeout = new AbortController();
  const cancel = clock.after(timeoutMs, () => timeout.abort());
  const until = AbortSignal.any([signal, timeout.signal]);
  let left: readonly Leftover[] | null = null;
  const lead = async (leading: AbortSignal): Promise<void> => {
    duty.begin("draining", () => open.isLeader());
    log.info({ objects: open.source.list("AzureAssignedIdentity").length }, "draining");
    left = await drain(dependencies, leading);
    duty.end();
  };
  try {
    // oxlint-disable-next-line no-await-in-loop -- one time in office follows another
    while ((await open.elect(until, lead)) === "lost" && !until.aborted) {
      log.warn({}, "the lease was lost; waiting to drain again");
    }
  } finally {
    cancel();
  }
  const problem = problemOf(left, signal.aborted);
  if (problem !== null) throw undrained(problem);
  log.info({}, "drained");
}

/** What to throw when not everything has been taken away. */
export function undrained(problem: string): CommandError {
  return new CommandError(1, `podid controller --drain: ${problem}`);
}

function problemOf(left: readonly Leftover[] | null, isInterrupted: boolean): string | null {
  if (left === null) {
    return isInterrupted
      ? "interrupted before it could act"
      : "another controller leads, and would assign again what is taken away: end all controllers first (kubectl scale deployment --replicas=0)";
  }
  if (left.length === 0) return null;
  const lines = left.slice(0, shownLeftovers).map(({ key, why }) => `\n  ${key}: ${why}`);
  const more = left.length > shownLeftovers ? `\n  and ${left.length - shownLeftovers} more` : "";
  return `${left.length} AzureAssignedIdentities are left; mend what is told and run it again${lines.join("")}${more}`;
}
