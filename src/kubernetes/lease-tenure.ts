import type { Cancel, Clock } from "../runtime/clock.ts";
import { toError } from "../runtime/to-error.ts";
import { KubernetesError } from "./errors.ts";
import type { LeaseParts, WonLease } from "./lease-candidate.ts";
import type { LeaseRecord, LeaseTerms } from "./lease-record.ts";

/** The time during which we hold a lease. */
export interface Tenure {
  /** `leaseTransitions` of the lease. */
  readonly epoch: number;
  /** Aborts when the lease is lost, at the deadline to the millisecond; never by a release. */
  readonly lost: AbortSignal;
  /** Whether the lease is ours now: neither lost, released nor past its renew deadline. */
  isHeld(): boolean;
  /** Tries once to renew; failures are logged, and count only when the deadline passes. */
  renew(): Promise<void>;
  /** Gives the lease back, for the next to take it without waiting. A failure is logged. */
  release(): Promise<void>;
}

/** The API takes no 0. */
const releasedMs = 1000;
const notRenewed = "not renewed in time";

/** Makes the tenure of a lease just won. Each renewal counts from the moment before its request. */
export function createTenure({ won, ...parts }: LeaseParts & { readonly won: WonLease }): Tenure {
  const { clock, log, identity, times, onTrouble } = parts;
  const epoch = won.record.transitions;
  const writer = createWriter(parts, won.record);
  const losing = new AbortController();
  let isReleased = false;

  const lose = (why: string): void => {
    deadline.cancel();
    if (losing.signal.aborted || isReleased) return;
    log.error({ identity, epoch, why }, "leadership is lost");
    losing.abort(new Error(`leadership is lost: ${why}`));
  };
  const deadline = createDeadline(clock, () => lose(notRenewed));
  const isHeld = (): boolean => !losing.signal.aborted && !isReleased && deadline.isAhead();
  const renew = async (): Promise<void> => {
    try {
      const startedMs = await writer.write(identity, times.leaseMs);
      onTrouble(null);
      if (startedMs === null) lose("another holds the lease");
      // An answer after the deadline comes too late: leadership does not come back once it was lost.
      else if (isHeld()) deadline.set(startedMs + times.renewDeadlineMs);
    } catch (error) {
      onTrouble(toError(error).message);
      log.warn({ err: toError(error) }, "the lease could not be renewed; trying again");
    }
  };
  const release = async (): Promise<void> => {
    if (!isHeld()) lose(notRenewed);
    isReleased = true;
    deadline.cancel();
    if (losing.signal.aborted) return;
    try {
      if ((await writer.write("", releasedMs)) !== null) log.info({ identity, epoch }, "released the lease");
    } catch (error) {
      log.warn({ err: toError(error) }, "the lease could not be released; the next leader waits it out");
    }
  };

  deadline.set(won.startedMs + times.renewDeadlineMs);
  return { epoch, lost: losing.signal, isHeld, renew, release };
}

interface Deadline {
  /** In place of the one before; calls `onEnd` when it passes. */
  set(atMs: number): void;
  cancel(): void;
  isAhead(): boolean;
}

function createDeadline(clock: Clock, onEnd: () => void): Deadline {
  let endMs = 0;
  let timer: Cancel | null = null;
  return {
    set: (atMs) => {
      timer?.();
      endMs = atMs;
      timer = clock.after(atMs - clock.monotonicMs(), onEnd);
    },
    cancel: () => timer?.(),
    isAhead: () => clock.monotonicMs() < endMs,
  };
}

interface Writer {
  /** Answers the monotonic time before the request that succeeded; null when another holds the lease. */
  write(holder: string, durationMs: number): Promise<number | null>;
}

function createWriter({ clock, store, identity }: LeaseParts, won: LeaseRecord): Writer {
  let record = won;
  const { acquireTime, transitions } = won;
  /** Writes to a lease that changed behind our back: to one that is still ours, or, to renew, is gone. */
  const rewrite = async (terms: LeaseTerms): Promise<number | null> => {
    const found = await store.read();
    if (found === null ? terms.holder === "" : found.holder !== identity) return null;
    const startedMs = clock.monotonicMs();
    record = await (found === null ? store.create(terms) : store.replace(found, terms));
    return startedMs;
  };
  const write = async (holder: string, durationMs: number): Promise<number | null> => {
    const isRelease = holder === "";
    const terms = { holder, durationMs, acquireTime: isRelease ? null : acquireTime, transitions };
    const startedMs = clock.monotonicMs();
    try {
      record = await store.replace(record, terms);
      return startedMs;
    } catch (error) {
      if (!hasChanged(error)) throw error;
      return await rewrite(terms);
    }
  };
  return { write };
}

/** Whether a write failed because the lease is not what we read; nothing was written then. */
function hasChanged(error: unknown): boolean {
  return error instanceof KubernetesError && (error.code === "Conflict" || error.code === "NotFound");
}
