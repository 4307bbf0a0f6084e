import type { Cancel, Clock } from "../runtime/clock.ts";
import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import type { Reflector } from "./reflector.ts";

const everyMs = 5_000;
/** While the server is away. */
const awayEveryMs = 2_000;
const quietMs = 15_000;
const deadlineMs = 5_000;

interface LivenessOptions {
  readonly api: Pick<KubernetesApi, "call">;
  readonly clock: Clock;
  /** 0..1 */
  readonly random: () => number;
  readonly reflectors: readonly Pick<Reflector, "aliveAtMs" | "confirmAlive" | "isWaiting" | "wake">[];
  readonly wakeSpreadMs: number;
  readonly onLook: () => void;
}

/**
 * Asks the server now and then whether it is there, while watches are quiet, since bookmarks come each 60 s only. For
 * grants that is not enough: an answer on another connection tells nothing of a watch that is dead behind a load
 * balancer, and urgent reflectors do not take it. Watches that wait after a failure are woken when the server is back,
 * within `wakeSpreadMs`, so that thousands of agents do not all come in the same second. `onLook` is called each time.
 * Returns the way to stop.
 */
export function watchLiveness(options: LivenessOptions): () => void {
  const { clock, random, reflectors, wakeSpreadMs, onLook } = options;
  const closing = new AbortController();
  let cancelWake: Cancel | undefined;
  let wasAway = false;
  const isWaiting = (): boolean => reflectors.some((reflector) => reflector.isWaiting());
  const ask = async (): Promise<void> => {
    const sentAtMs = clock.monotonicMs();
    const isThere = await answers(options.api, closing.signal);
    if (!isThere) wasAway = true;
    if (!isThere || closing.signal.aborted) return;
    for (const reflector of reflectors) reflector.confirmAlive(sentAtMs);
    // Once: a watch that fails although the server is there has its own delays.
    if (wasAway) cancelWake = clock.after(random() * wakeSpreadMs, () => wakeAll(reflectors));
    wasAway = false;
  };
  const look = async (): Promise<void> => {
    onLook();
    const isQuiet = reflectors.some(
      (reflector) => clock.monotonicMs() - (reflector.aliveAtMs() ?? 0) > quietMs,
    );
    if (isQuiet || isWaiting()) await ask();
    if (closing.signal.aborted) return;
    cancel = clock.after(isWaiting() ? awayEveryMs : everyMs, () => void look());
  };
  let cancel = clock.after(everyMs, () => void look());
  return () => {
    closing.abort();
    cancel();
    cancelWake?.();
  };
}

function wakeAll(reflectors: LivenessOptions["reflectors"]): void {
  for (const reflector of reflectors) reflector.wake();
}

async function answers(api: LivenessOptions["api"], signal: AbortSignal): Promise<boolean> {
  try {
    await api.call({ method: "GET", path: "/readyz", deadlineMs, signal });
    return true;
  } catch (thrown) {
    return isAnswer(thrown);
  }
}

/** A server that forbids the question is there as well. */
function isAnswer(thrown: unknown): boolean {
  return thrown instanceof KubernetesError && (thrown.code === "Forbidden" || thrown.code === "NotFound");
}
