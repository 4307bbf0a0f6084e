import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { KubernetesError } from "./errors.ts";
import { isSameTenure, type LeaseRecord, type LeaseStore } from "./lease-record.ts";
import { patienceMs, type LeaseTimes } from "./lease-times.ts";

/** What an elector's parts have in common. */
export interface LeaseParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: LeaseStore;
  readonly identity: string;
  readonly times: LeaseTimes;
  /** Hears, each time, why the lease could not be read or written; null when it could. */
  readonly onTrouble: (trouble: string | null) => void;
}

/** A lease that is ours. */
export interface WonLease {
  readonly record: LeaseRecord;
  /** Monotonic time before the request that won it: the others count from later than that. */
  readonly startedMs: number;
}

/** One that wants a lease. */
export interface Candidate {
  /** Looks at the lease and takes it if it is free; null when it is not, or when anything went wrong. */
  attempt(signal: AbortSignal): Promise<WonLease | null>;
}

/**
 * Makes a candidate. It has to see a lease unchanged for the lease's whole length before it takes it
 * from another, by its own monotonic clock; the times in the record are other machines' and not compared.
 */
export function createCandidate(parts: LeaseParts): Candidate {
  const { clock, log, store, identity, times } = parts;
  let told = "";
  let seen: { readonly record: LeaseRecord; readonly atMs: number } | null = null;

  const isFree = (record: LeaseRecord): boolean => {
    if (seen === null || !isSameTenure(seen.record, record)) {
      if (seen?.record.holder !== record.holder)
        log.info({ holder: record.holder }, "the lease has a holder");
      seen = { record, atMs: clock.monotonicMs() };
    }
    if (record.holder === "" || record.holder === identity) return true;
    return clock.monotonicMs() - seen.atMs >= patienceMs(times, record.durationMs);
  };
  const take = (record: LeaseRecord | null): Promise<LeaseRecord> => {
    const terms = { holder: identity, durationMs: times.leaseMs };
    // A lease that somebody deleted goes on counting, as far as we know its count.
    const transitions = seen === null ? 0 : seen.record.transitions + 1;
    if (record === null) return store.create({ ...terms, acquireTime: null, transitions });
    // Ours already: the answer to an earlier attempt got lost.
    const { acquireTime } = record;
    if (record.holder === identity) return store.replace(record, { ...record, ...terms, acquireTime });
    return store.replace(record, { ...terms, acquireTime: null, transitions: record.transitions + 1 });
  };
  const attempt = async (signal: AbortSignal): Promise<WonLease | null> => {
    try {
      const record = await store.read(signal);
      const startedMs = clock.monotonicMs();
      const won = record !== null && !isFree(record) ? null : { record: await take(record), startedMs };
      parts.onTrouble(null);
      told = "";
      return won;
    } catch (error) {
      if (!signal.aborted) told = tellFailure(parts, toError(error), told);
      return null;
    }
  };
  return { attempt };
}

/** Answers what was logged: the same again each second would hide everything else. */
function tellFailure({ log, onTrouble }: LeaseParts, error: Error, told: string): string {
  const isLostRace =
    error instanceof KubernetesError && (error.code === "Conflict" || error.code === "AlreadyExists");
  onTrouble(isLostRace ? null : error.message);
  if (isLostRace) log.debug("another was faster to take the lease");
  else if (error.message !== told)
    log.warn({ err: error }, "the lease could not be read or taken; trying again");
  return error.message;
}
