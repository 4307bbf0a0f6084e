/** The times of reference/kubernetes.md §5.3, in proportion to the length of the lease. */
export interface LeaseTimes {
  /** 15 s: others take a lease that they have not seen change for so long. */
  readonly leaseMs: number;
  /** 10 s without a renewal: the leader stops. What it has begun has the rest of the lease to end. */
  readonly renewDeadlineMs: number;
  /** Between renewals: 2 s with all of the jitter. */
  readonly longestRetryMs: number;
  /** Between a candidate's looks: 1 s with all of the jitter, so that it has a released lease within 2 s of the request. */
  readonly longestLookMs: number;
}

const longestForeignMs = 60_000;

/** `leaseMs` is a whole number of seconds: the API knows no other. */
export function leaseTimes(leaseMs: number): LeaseTimes {
  return {
    leaseMs,
    renewDeadlineMs: (leaseMs * 2) / 3,
    longestRetryMs: (leaseMs * 2) / 15,
    longestLookMs: leaseMs / 15,
  };
}

/** A wait of at most `longestMs`, with a jitter of up to 1.2 by `random` (0..1). */
export function jittered(longestMs: number, random: () => number): number {
  return (longestMs / 1.2) * (1 + 0.2 * random());
}

/**
 * How long to wait for a holder who wrote `durationMs`. No shorter than our own lease, else a wrong
 * value would make two leaders; no longer than a minute, else it would leave the cluster without one.
 */
export function patienceMs({ leaseMs }: LeaseTimes, durationMs: number): number {
  return Math.min(Math.max(durationMs, leaseMs), Math.max(longestForeignMs, leaseMs));
}
