import { delay, type Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import { type Collection, listPages } from "./list-pages.ts";
import type { ReflectedStore, Swap } from "./object-store.ts";
import { createPlanner, type Plan, type Step, type StepEnd } from "./reflector-plan.ts";
import { createReflectorState, type ReflectorState } from "./reflector-state.ts";
import { createReflectorCounts, type ReflectorCounts, type ReflectorStats } from "./reflector-stats.ts";
import { createRestartDelay } from "./restart-delay.ts";
import { runWatch, type WatchEnd } from "./watch-session.ts";

export interface ReflectorOptions {
  readonly api: Pick<KubernetesApi, "call" | "watch">;
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1; spreads delays and the ends of watches. */
  readonly random: () => number;
  readonly collection: Collection;
  readonly store: ReflectedStore;
  /**
   * Where LIST has to serve: `cache` spares etcd and answers in one piece, for small results of many clients;
   * `pages` never needs a giant JSON.parse.
   */
  readonly listFrom: "cache" | "pages";
  /**
   * Whether a whole state is read by LIST although the server could tell it as the beginning of a watch: for large results
   * of few clients. In pages, 5,000 pods cost a server 0.6 s of CPU and the client 0.7 s, as events 1.5 s and 0.95 s.
   */
  readonly readsByList?: boolean | undefined;
  /** A watch on which bookmarks are known to come is cut after so much silence; 100 s unless said otherwise. */
  readonly silenceLimitMs?: number;
  /**
   * What it says can be taken back at any moment, and must not be missed for a minute: watches last half a minute, so that
   * a dead one is noticed although the server is there, and nothing but the watch itself confirms the store.
   */
  readonly isUrgent?: boolean;
  /** Hears, each time, that the server asked to come back later; a line in the log unless given. */
  readonly onBusy?: ((error: KubernetesError) => void) | undefined;
}

/** Keeps a store equal to a collection on the server, for ever (reference/kubernetes.md §5.1). */
export interface Reflector extends Pick<
  ReflectorState,
  "version" | "isSynced" | "synced" | "aliveAtMs" | "confirmAlive" | "until"
> {
  start(): void;
  /** Whether it waits before it tries again, for no better reason than that it failed. */
  isWaiting(): boolean;
  /** The server is there: ends such a wait. */
  wake(): void;
  /** Reads everything anew: the store was found to differ from the server in so many objects. */
  repairDrift(differences: number): void;
  /** A comparison with the server came to a result. */
  countAudit(): void;
  stats(): ReflectorStats;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** Bookmarks come each minute (reference/kubernetes.md §5.1 item 8). */
export const defaultSilenceLimitMs = 100_000;
/** How long the server is asked to keep a watch, and how much longer it is waited for. */
const watchSeconds = { shortest: 300, spread: 300, patience: 30 };
const urgentSeconds = { shortest: 30, spread: 10, patience: 10 };
/** A server that lists by watch sends at once; reliability.md K2. */
const listingSilenceMs = 30_000;

/** Makes a reflector that does nothing before `start`. The old store is served while a new state is read. */
export function createReflector(options: ReflectorOptions): Reflector {
  const counts = createReflectorCounts();
  const state = createReflectorState(options.clock);
  const closing = new AbortController();
  const repair = { requested: new AbortController() };
  const pausing: Pausing = { wake: null };
  let running: Promise<void> | undefined;
  return {
    ...state,
    confirmAlive: (sentAtMs) => {
      if (options.isUrgent !== true) state.confirmAlive(sentAtMs);
    },
    start: () =>
      void (running ??= run({ ...options, state, counts, closing: closing.signal, repair, pausing })),
    isWaiting: () => pausing.wake !== null,
    wake: () => pausing.wake?.(),
    repairDrift: (differences) => {
      counts.drift += differences;
      repair.requested.abort();
    },
    countAudit: () => void (counts.audits += 1),
    stats: () => ({ ...counts, relists: { ...counts.relists } }),
    close: async () => {
      closing.abort(new KubernetesError("Unreachable", "the reflector is closed"));
      state.stopWaiting();
      await running;
    },
  };
}

interface Run extends ReflectorOptions {
  readonly state: ReflectorState;
  readonly counts: ReflectorCounts;
  readonly closing: AbortSignal;
  /** Aborted when drift was found; a new one once that is being mended. */
  readonly repair: { requested: AbortController };
  readonly pausing: Pausing;
}

interface Pausing {
  /** Ends the present pause; null when there is none that may be ended. */
  wake: (() => void) | null;
}

async function run(parts: Run): Promise<void> {
  const { random, state, counts, closing } = parts;
  const delays = createRestartDelay(random);
  const planner = createPlanner(delays, parts.readsByList !== true);
  let step: Step = planner.relist("start");
  while (!closing.aborted) {
    const { signal: drifted } = parts.repair.requested;
    const signal = AbortSignal.any([closing, drifted]);
    // oxlint-disable-next-line no-await-in-loop -- steps follow one another
    const taken = await takeStep(parts, step, signal, () => planner.progressed());
    state.disconnected();
    if (closing.aborted) return;
    if (step.do === "watch") counts.restarts += 1;
    let plan = planner.after(taken.step, taken.end, state.version());
    if (drifted.aborted) {
      parts.repair.requested = new AbortController();
      plan = { step: planner.relist("drift", true), delayMs: 0, isFault: true, isGuess: false };
    }
    report(parts, taken.end, plan);
    step = plan.step;
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (await pause(parts, plan)) delays.reset();
  }
}

/** Answers whether it was ended early, because the server is there. */
async function pause({ clock, closing, pausing }: Run, { delayMs, isGuess }: Plan): Promise<boolean> {
  if (delayMs === 0) return false;
  const waking = new AbortController();
  pausing.wake = isGuess ? () => waking.abort(new Error("the server is there")) : null;
  try {
    await delay(clock, delayMs, AbortSignal.any([closing, waking.signal]));
    return false;
  } catch {
    return waking.signal.aborted;
  } finally {
    pausing.wake = null;
  }
}

interface Taken {
  /** What was being done when it ended: a relist by watch goes on as a watch. */
  readonly step: Step;
  readonly end: StepEnd;
}

async function takeStep(parts: Run, step: Step, signal: AbortSignal, progressed: () => void): Promise<Taken> {
  return step.do === "relist" && step.by === "list"
    ? { step, end: await list(parts, step, signal) }
    : await watch(parts, step, signal, progressed);
}

type Relist = Extract<Step, { do: "relist" }>;

async function list(parts: Run, step: Relist, signal: AbortSignal): Promise<StepEnd> {
  const { api, collection, store, state, listFrom } = parts;
  const isCacheEnough = listFrom === "cache" && !step.newest;
  const from = isCacheEnough ? { notOlderThan: state.version() ?? "0" } : "newest";
  const swap = store.startSwap();
  try {
    const onObject: Swap["put"] = (object) => swap.put(object);
    const version = await listPages(api, collection, from, { signal, onObject });
    finish(parts, step, swap, version);
    return { kind: "listed" };
  } catch (thrown) {
    if (signal.aborted) return { kind: "aborted" };
    return { kind: "failed", error: thrown instanceof KubernetesError ? thrown : broken(thrown) };
  }
}

function broken(thrown: unknown): KubernetesError {
  return new KubernetesError("Unreachable", `the list broke: ${toError(thrown).message}`, { cause: thrown });
}

function finish({ counts, state }: Run, step: Relist, swap: Swap, version: string): void {
  swap.commit();
  counts.relists[step.reason] += 1;
  state.applied(version);
  state.markSynced();
}

/** By the watch, or by a watch that tells the whole state first. */
async function watch(parts: Run, step: Step, signal: AbortSignal, progressed: () => void): Promise<Taken> {
  const { api, clock, collection, store, state } = parts;
  const { timeoutSeconds, longestMs } = watchTimes(parts);
  const silenceLimitMs = parts.silenceLimitMs ?? defaultSilenceLimitMs;
  let relist = step.do === "relist" ? { step, swap: store.startSwap() } : null;
  const end: WatchEnd = await runWatch({
    api,
    clock,
    signal,
    path: collection.path,
    query: watchQuery(collection, { timeoutSeconds, version: relist === null ? state.version() : null }),
    silenceLimitMs: () => {
      if (relist !== null) return listingSilenceMs;
      return state.bookmarks.areProven ? silenceLimitMs : longestMs;
    },
    longestMs: parts.isUrgent === true ? longestMs : Infinity,
    onOpen: () => {
      if (relist === null) state.connected();
    },
    onEvent: (event) => {
      state.bookmarks.areProven ||= event.type === "BOOKMARK";
      if (event.type !== "BOOKMARK") {
        const target = relist?.swap ?? store;
        if (event.type === "DELETED") target.remove(event.object);
        else target.put(event.object);
      }
      if (relist === null) {
        state.applied(event.type === "BOOKMARK" ? event.resourceVersion : event.object.resourceVersion);
        progressed();
      } else if (event.type === "BOOKMARK" && event.endsInitialEvents) {
        const { swap, step: done } = relist;
        relist = null;
        state.connected();
        finish(parts, done, swap, event.resourceVersion);
      } // before, nothing counts
    },
  });
  return { step: relist === null ? { do: "watch" } : step, end };
}

function watchTimes({ random, isUrgent = false }: Run): {
  readonly timeoutSeconds: number;
  readonly longestMs: number;
} {
  const { shortest, spread, patience } = isUrgent ? urgentSeconds : watchSeconds;
  const timeoutSeconds = shortest + Math.floor(random() * spread);
  return { timeoutSeconds, longestMs: (timeoutSeconds + patience) * 1000 };
}

function watchQuery(
  { selectors }: Collection,
  { timeoutSeconds, version }: { readonly timeoutSeconds: number; readonly version: string | null },
): Readonly<Record<string, string>> {
  return {
    ...selectors,
    watch: "true",
    allowWatchBookmarks: "true",
    timeoutSeconds: String(timeoutSeconds),
    ...(version === null
      ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" }
      : { resourceVersion: version }),
  };
}

function report(
  { log, onBusy, collection: { path } }: Run,
  end: StepEnd,
  { step, delayMs, isFault }: Plan,
): void {
  const fields = { path, end: end.kind, next: step.do, delayMs: Math.round(delayMs) };
  if (!isFault) {
    log.debug(fields, "a watch goes on");
    return;
  }
  const err = "error" in end ? end.error : undefined;
  if (err?.code === "Throttled" && onBusy !== undefined) {
    onBusy(err);
    return;
  }
  const problem = "problem" in end ? end.problem : undefined;
  log.warn(
    { ...fields, ...(err && { err }), ...(problem !== undefined && { problem }) },
    "a watch has failed",
  );
}
