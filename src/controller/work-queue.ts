import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { createBackoff, type WaitTerms } from "./backoff.ts";

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
  /** Asks for work on `key`; if it waits out a failure, when those terms allow it. */
  add(key: string): void;
  /** Resolves when nothing is running or ready to run; keys that wait out a failure do not count. */
  settled(): Promise<void>;
  /** Takes no more work and resolves when what is running has ended. */
  close(): Promise<void>;
}

/** Tasks at a time: ARM is slow, and throttled per subscription (reference/azure.md §4.2). */
const concurrency = 32;

interface WorkQueueOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1; spreads the waits, so that targets do not retry in step. */
  readonly random: () => number;
  readonly work: (key: string) => Promise<WorkResult>;
}

/** Makes a queue that runs `work` for each key. A throw counts as a failure. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const ready = new Set<string>();
  const running = new Set<string>();
  const idle = createIdleSignal(() => startReady());
  let isClosed = false;

  const add = (key: string): void => {
    if (isClosed || !backoff.mayStart(key)) return;
    ready.add(key);
    queueMicrotask(startReady);
  };
  const backoff = createBackoff({ ...options, onEnd: add });

  const startReady = (): void => {
    for (const key of ready) {
      if (running.size >= concurrency) return;
      if (!running.has(key)) void run(key);
    }
    if (running.size === 0) idle.give();
  };
  const run = async (key: string): Promise<void> => {
    ready.delete(key);
    running.add(key);
    const result = await workOn(key, options);
    running.delete(key);
    const hasChanged = ready.delete(key);
    if (result.done) backoff.reset(key);
    else if (!isClosed) backoff.wait(key, result);
    if (hasChanged) add(key);
    startReady();
  };

  const close = (): Promise<void> => {
    isClosed = true;
    ready.clear();
    backoff.cancelAll();
    return idle.wait();
  };
  return { add, settled: idle.wait, close };
}

async function workOn(key: string, { work, log }: WorkQueueOptions): Promise<WorkResult> {
  try {
    return await work(key);
  } catch (error) {
    log.error({ key, err: toError(error) }, "work failed");
    return { done: false, retryAfterMs: 0, endsOnChange: false };
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
