import { delay, type Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { KubernetesApi } from "./api.ts";
import { createCandidate, type LeaseParts } from "./lease-candidate.ts";
import { createLeaseStore } from "./lease-record.ts";
import { createTenure, type Tenure } from "./lease-tenure.ts";
import { jittered, leaseTimes } from "./lease-times.ts";

/**
 * Why `run` came to its end. After "lost" another may be leading already: end the process, or at least
 * begin with nothing in memory.
 */
type ElectionEnd =
  /** `signal` aborted: never elected, or drained and released. */
  | "stopped"
  /** The lease could not be renewed in time, or another has taken it. */
  | "lost"
  /** The work ended by itself; the lease is released. */
  | "finished";

/**
 * What the leader does. `leading` aborts when leadership is lost, and also when the process is asked to
 * stop: the promise must then settle once nothing is under way any more, for the lease is kept until it
 * does and released afterwards. `epoch` (leaseTransitions) is larger for each later leader.
 */
type Lead = (leading: AbortSignal, epoch: number) => Promise<void>;

/** Takes part in the election of one leader by a Lease of coordination.k8s.io/v1. */
export interface LeaseElector {
  /**
   * Waits for its turn, leads, and comes to an end; nothing of the API server makes it throw.
   * Not to be called again before it has ended.
   * @throws what `lead` throws, after the release.
   */
  run(signal: AbortSignal, lead: Lead): Promise<ElectionEnd>;
  /**
   * Whether we lead at this very moment. Computed from the last renewal, so that it is right even when
   * the process stood still in between: ask it before *every* effect on the world outside. The API does
   * not fence: what is under way when a process stops can still arrive under the next leader.
   */
  isLeader(): boolean;
}

export interface LeaseElectorOptions {
  /** Better one of its own: a renewal that waits behind other requests can cost the lease. */
  readonly api: Pick<KubernetesApi, "call">;
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1; spreads retries, and makes the identity unique. */
  readonly random: () => number;
  readonly namespace: string;
  readonly name: string;
  /** The name of the pod; a random part is added, for a container that starts anew has the same name. */
  readonly identity: string;
  /** How long others wait for a silent leader, in whole seconds; 15 unless said otherwise. */
  readonly leaseSeconds?: number;
  /** Hears, each time, why the lease could not be read or written; null when it could. */
  readonly onTrouble?: (trouble: string | null) => void;
}

const defaultLeaseSeconds = 15;

/**
 * Makes an elector that does nothing before `run`. Whether another's lease is over is judged by how long
 * we have not seen it change, on our monotonic clock: clocks of machines differ, durations do not.
 * (That clock stands still while a whole VM is suspended; its guests then need to be fenced otherwise.)
 */
export function createLeaseElector(options: LeaseElectorOptions): LeaseElector {
  const { clock, log, random, leaseSeconds = defaultLeaseSeconds } = options;
  const identity = `${options.identity}_${randomSuffix(random)}`;
  const times = leaseTimes(leaseSeconds * 1000);
  const store = createLeaseStore({ ...options, nowMs: () => clock.nowMs() });
  const { onTrouble = () => undefined } = options;
  const parts = { clock, log, store, identity, times, onTrouble };
  const pauseUpTo =
    (longestMs: number): Pause =>
    (signal) =>
      hasWaited(delay(clock, jittered(longestMs, random), signal));
  let tenure: Tenure | null = null;

  const run = async (signal: AbortSignal, lead: Lead): Promise<ElectionEnd> => {
    log.info({ identity }, "waiting to become leader");
    const held = await elect(parts, pauseUpTo(times.longestLookMs), signal);
    if (held === null) return "stopped";
    tenure = held;
    log.info({ identity, epoch: held.epoch }, "became leader");
    try {
      if (!signal.aborted && held.isHeld()) {
        const work = lead(AbortSignal.any([signal, held.lost]), held.epoch);
        await renewDuring(work, held, pauseUpTo(times.longestRetryMs));
      }
    } finally {
      await held.release();
    }
    if (held.lost.aborted) return "lost";
    return signal.aborted ? "stopped" : "finished";
  };
  return { run, isLeader: () => tenure?.isHeld() === true };
}

/** Answers whether the wait went to its end. */
type Pause = (signal: AbortSignal) => Promise<boolean>;

async function elect(parts: LeaseParts, pause: Pause, signal: AbortSignal): Promise<Tenure | null> {
  const candidate = createCandidate(parts);
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- one attempt follows the other
    const won = await candidate.attempt(signal);
    if (won !== null) return createTenure({ ...parts, won });
    // oxlint-disable-next-line no-await-in-loop -- as above
    await pause(signal);
  }
  return null;
}

async function renewDuring(work: Promise<void>, held: Tenure, pause: Pause): Promise<void> {
  const ended = new AbortController();
  const keepRenewing = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- as above
    while ((await pause(ended.signal)) && held.isHeld()) await held.renew();
  };
  const renewing = keepRenewing();
  try {
    await work;
  } finally {
    ended.abort();
    await renewing;
  }
}

function randomSuffix(random: () => number): string {
  return Array.from({ length: 12 }, () => Math.floor(random() * 36).toString(36)).join("");
}

/** Waits are only ever ended early by their signal. */
function hasWaited(wait: Promise<void>): Promise<boolean> {
  return wait.then(
    () => true,
    () => false,
  );
}
