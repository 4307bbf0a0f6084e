import type { Clock } from "../runtime/clock.ts";
import { toError } from "../runtime/to-error.ts";
import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import { readWatchEvent, type WatchEvent } from "./watch-event.ts";

/** How a watch ended. */
export type WatchEnd =
  /** By the server, as it should. */
  | { readonly kind: "ended"; readonly events: number; readonly lastedMs: number }
  /** Nothing was heard for too long, so it was cut. */
  | { readonly kind: "silent" }
  | { readonly kind: "failed"; readonly error: KubernetesError }
  /** The server said so within the stream. */
  | { readonly kind: "errorFrame"; readonly error: KubernetesError }
  | { readonly kind: "corrupt"; readonly problem: string }
  /** By `signal`. */
  | { readonly kind: "aborted" };

type UsefulEvent = Exclude<WatchEvent, { type: "ERROR" | "CORRUPT" }>;

/** Runs one watch to its end. Never throws. */
export async function runWatch(options: {
  readonly api: Pick<KubernetesApi, "watch">;
  readonly clock: Clock;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long silence may last now; asked again after each event. */
  readonly silenceLimitMs: () => number;
  /** After so long it is cut, whatever has been heard. */
  readonly longestMs: number;
  readonly onOpen: () => void;
  readonly onEvent: (event: UsefulEvent) => void;
}): Promise<WatchEnd> {
  const { api, clock, path, query, signal, onOpen, onEvent } = options;
  const startedMs = clock.monotonicMs();
  const silence = watchSilence(clock, options);
  let events = 0;
  try {
    const bounded = AbortSignal.any([signal, silence.signal]);
    const lines = await api.watch({ path, query, signal: bounded });
    onOpen();
    for await (const line of lines) {
      bounded.throwIfAborted(); // what is buffered is not followed any more
      const event = readWatchEvent(line);
      if (event.type === "ERROR") return { kind: "errorFrame", error: event.error };
      if (event.type === "CORRUPT") return { kind: "corrupt", problem: event.problem };
      onEvent(event);
      silence.heard(); // after it, because an event may change how long silence may last
      events += 1;
    }
    if (signal.aborted) return { kind: "aborted" };
    return silence.signal.aborted
      ? { kind: "silent" }
      : { kind: "ended", events, lastedMs: clock.monotonicMs() - startedMs };
  } catch (thrown) {
    if (signal.aborted) return { kind: "aborted" };
    if (silence.signal.aborted) return { kind: "silent" };
    return { kind: "failed", error: toKubernetesError(thrown) };
  } finally {
    silence.stop();
  }
}

function toKubernetesError(thrown: unknown): KubernetesError {
  if (thrown instanceof KubernetesError) return thrown;
  return new KubernetesError("Unreachable", `the watch broke: ${toError(thrown).message}`, { cause: thrown });
}

interface SilenceTimer {
  readonly signal: AbortSignal;
  heard(): void;
  stop(): void;
}

/** A frozen server keeps its connections, so only the lack of bookmarks tells (reference/kubernetes.md §2.4). */
function watchSilence(
  clock: Clock,
  { silenceLimitMs, longestMs }: { readonly silenceLimitMs: () => number; readonly longestMs: number },
): SilenceTimer {
  const controller = new AbortController();
  let heardAtMs = clock.monotonicMs();
  const endMs = heardAtMs + longestMs;
  const nextDueMs = (): number => Math.min(heardAtMs + silenceLimitMs(), endMs);
  let timer = { dueMs: Infinity, cancel: (): void => {} };
  const arm = (): void => {
    const dueMs = nextDueMs();
    // One timer that looks again, rather than a new one for each of thousands of events.
    if (timer.dueMs <= dueMs) return;
    timer.cancel();
    timer = { dueMs, cancel: clock.after(dueMs - clock.monotonicMs(), check) };
  };
  const check = (): void => {
    timer = { dueMs: Infinity, cancel: () => {} };
    if (clock.monotonicMs() < nextDueMs()) arm();
    else controller.abort(new KubernetesError("Unreachable", "the watch was silent for too long"));
  };
  arm();
  return {
    signal: controller.signal,
    heard: () => {
      heardAtMs = clock.monotonicMs();
      arm();
    },
    stop: () => timer.cancel(),
  };
}
