import type { Clock } from "../runtime/clock.ts";
import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import type { Reflector } from "./reflector.ts";

const everyMs = 5_000;
const quietMs = 15_000;
const deadlineMs = 5_000;

/**
 * Asks the server now and then whether it is there, while watches are quiet. Bookmarks come each 60 s, which
 * is too seldom to tell within 60 s that grants cannot be believed any more (reference/time-boxes.md §3.6);
 * that the watch's own connection is dead, the kernel's probes tell after 41 s. `onLook` is called each time.
 * Returns the way to stop.
 */
export function watchLiveness(options: {
  readonly api: Pick<KubernetesApi, "call">;
  readonly clock: Clock;
  readonly reflectors: readonly Pick<Reflector, "aliveAtMs" | "confirmAlive">[];
  readonly onLook: () => void;
}): () => void {
  const { api, clock, reflectors, onLook } = options;
  const closing = new AbortController();
  const ask = async (): Promise<void> => {
    const sentAtMs = clock.monotonicMs();
    try {
      await api.call({ method: "GET", path: "/readyz", deadlineMs, signal: closing.signal });
    } catch (thrown) {
      if (!isAnswer(thrown)) return;
    }
    for (const reflector of reflectors) reflector.confirmAlive(sentAtMs);
  };
  const look = async (): Promise<void> => {
    onLook();
    const isQuiet = reflectors.some(
      (reflector) => clock.monotonicMs() - (reflector.aliveAtMs() ?? 0) > quietMs,
    );
    if (isQuiet) await ask();
    if (!closing.signal.aborted) cancel = clock.after(everyMs, () => void look());
  };
  let cancel = clock.after(everyMs, () => void look());
  return () => {
    closing.abort();
    cancel();
  };
}

/** A server that forbids the question is there as well. */
function isAnswer(thrown: unknown): boolean {
  return thrown instanceof KubernetesError && (thrown.code === "Forbidden" || thrown.code === "NotFound");
}
