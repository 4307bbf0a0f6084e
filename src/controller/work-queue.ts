import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { createOwnSignals, type OwnSignals } from "../runtime/own-signals.ts";
import { toError } from "../runtime/to-error.ts";
import { createBackoff, type WaitTerms } from "./backoff.ts";
import { inTurns } from "./in-turns.ts";
import { createLaterKeys } from "./later-keys.ts";
import { createReadyKeys } from "./ready-keys.ts";
import { noObserver, type Priority, type WorkQueueObserver } from "./work-queue-observer.ts";

/** What became of one unit of work. */
export type WorkResult =
  | { readonly done: true }
  /** Try again after back-off. */
  | ({ readonly done: false } & WaitTerms);

/**
 * A set of keys with work to do. It holds keys and never objects, so that many changes become one
 * look at the present state (controller-runtime's reconciler). A key is worked on by one task at a time.
 */
export interface WorkQueue {
  /**
   * Asks for work on `key`; if it waits out a failure, when those terms allow it. Live keys, which is what
   * they are unless said otherwise, are started before keys of a resync.
   */
  add(key: string, priority?: Priority): void;
  /** Adds `key` after `delayMs`; of several such delays the one that ends first counts. */
  addAfter(key: string, delayMs: number): void;
  /** Resolves when nothing is running or ready to run; keys that wait, for whatever, do not count. */
  settled(): Promise<void>;
  /** Takes no more work, aborts what is running, and resolves when that has ended. */
  close(): Promise<void>;
}

/** Tasks at a time: ARM is slow, and throttled per subscription (reference/azure.md §4.2). */
const defaultConcurrency = 32;
/** Two operations of ARM at their limits, for identities put on and taken off again, and some reads. */
const workLimitMs = 25 * 60_000;

interface WorkQueueOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1; spreads the waits, so that targets do not retry in step. */
  readonly random: () => number;
  /**
   * `signal` aborts after 25 minutes and when the queue closes. The key stays taken until the promise
   * settles, whatever the signal says: two workers on one key would be worse than none.
   */
  readonly work: (key: string, signal: AbortSignal) => Promise<WorkResult>;
  readonly observer?: WorkQueueObserver;
  /** 32 unless said otherwise. */
  readonly concurrency?: number;
}

/** Makes a queue that runs `work` for each key. A throw counts as a failure. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, observer = noObserver, concurrency = defaultConcurrency } = options;
  const ready = createReadyKeys(clock, observer);
  const closing = new AbortController();
  const signals = createOwnSignals(closing.signal);
  const idle = createIdleSignal(() => startReady());

  const add = (key: string, priority: Priority = "live"): void => {
    if (closing.signal.aborted || !backoff.mayStart(key)) return;
    ready.add(key, priority);
    queueMicrotask(startReady);
  };
  const backoff = createBackoff({ ...options, onEnd: add });
  const later = createLaterKeys(clock, add);
  const addAfter: WorkQueue["addAfter"] = (key, delayMs) =>
    delayMs > 0 ? later.add(key, delayMs) : add(key);

  const startReady = inTurns(clock, () => {
    const key = ready.busy() < concurrency ? ready.take() : undefined;
    if (key !== undefined) void run(key);
    else if (ready.busy() === 0) idle.give();
    return key !== undefined;
  });
  const run = async (key: string): Promise<void> => {
    const result = await workOn(key, signals, options);
    const asked = ready.done(key);
    if (result.done) backoff.reset(key);
    else if (!closing.signal.aborted) backoff.wait(key, result);
    // Whether that ends the wait after a failure is for its terms to say.
    if (asked !== undefined) add(key, asked);
    startReady();
  };
  const close = (): Promise<void> => {
    closing.abort(new Error("the work queue is closing"));
    backoff.cancelAll();
    later.cancelAll();
    ready.clear();
    return idle.wait();
  };
  return { add, addAfter, settled: idle.wait, close };
}

async function workOn(key: string, signals: OwnSignals, options: WorkQueueOptions): Promise<WorkResult> {
  const { clock, log, work, observer = noObserver } = options;
  const limit = new AbortController();
  const cancel = clock.after(workLimitMs, () => limit.abort(new Error("work takes too long")));
  const startedMs = clock.monotonicMs();
  try {
    const result = await signals.during(limit.signal, (signal) => work(key, signal));
    if (!result.done) observer.retried();
    return result;
  } catch (error) {
    log.error({ key, err: toError(error) }, "work failed");
    observer.retried();
    return { done: false, retryAfterMs: 0, endsOnChange: false };
  } finally {
    cancel();
    observer.worked(clock.monotonicMs() - startedMs);
  }
}

interface IdleSignal {
  readonly give: () => void;
  readonly wait: () => Promise<void>;
}

/** `check` is called soon after each `wait` begins: it gives the signal when it is idle already. */
function createIdleSignal(check: () => void): IdleSignal {
  let listeners: (() => void)[] = [];
  return {
    give: () => {
      for (const listener of listeners) listener();
      listeners = [];
    },
    wait: () => {
      queueMicrotask(check);
      return new Promise((resolve) => void listeners.push(resolve));
    },
  };
}
