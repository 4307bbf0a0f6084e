import type { Metrics } from "../runtime/metrics.ts";

/** What changed comes before what is only looked at once more. */
export type Priority =
  /** A change in the cluster, an instant that has come, another try. */
  | "live"
  /** The first look at everything, and resyncs. */
  | "resync";

/** What is to be known about a queue; the meanings are those of client-go's work queue. */
export interface WorkQueueObserver {
  /** Keys that are ready and not being worked on. */
  depth(keys: number): void;
  /** A key was asked for that was not waiting already. */
  added(priority: Priority): void;
  /** How long a key was ready before work on it began. */
  waited(ms: number): void;
  worked(ms: number): void;
  /** Work failed and will be tried again. */
  retried(): void;
}

/** An observer that looks away. */
export const noObserver: WorkQueueObserver = {
  depth: () => {},
  added: () => {},
  waited: () => {},
  worked: () => {},
  retried: () => {},
};

const seconds = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** An observer that writes to `metrics`. */
export function observeByMetrics(metrics: Metrics): WorkQueueObserver {
  const depth = metrics.gauge(named("depth", "Keys that wait for a worker."));
  const adds = metrics.counter({ ...named("adds_total", "Keys put into the queue."), labels: ["priority"] });
  const waits = metrics.histogram({
    ...named("wait_seconds", "How long keys waited for a worker."),
    buckets: seconds,
  });
  const work = metrics.histogram({ ...named("work_seconds", "How long work took."), buckets: seconds });
  const retries = metrics.counter(named("retries_total", "Work that failed and is tried again."));
  return {
    depth: (keys) => depth({}, keys),
    added: (priority) => adds({ priority }, 1),
    waited: (ms) => waits({}, ms / 1000),
    worked: (ms) => work({}, ms / 1000),
    retried: () => retries({}, 1),
  };
}

function named(name: string, help: string): { name: string; help: string; labels: readonly string[] } {
  return { name: `podid_controller_queue_${name}`, help, labels: [] };
}
