import type { KubernetesError } from "./errors.ts";
import type { RelistReason } from "./reflector-stats.ts";
import type { RestartDelay } from "./restart-delay.ts";
import type { WatchEnd } from "./watch-session.ts";

/** What a reflector does next. */
export type Step =
  | { readonly do: "watch" }
  | {
      readonly do: "relist";
      readonly reason: RelistReason;
      /** `watch`: as the beginning of a watch (a "watch-list"); `list`: by LIST. */
      readonly by: "watch" | "list";
      /** Whether a state from a cache will not do. */
      readonly newest: boolean;
    };

export interface Plan {
  readonly step: Step;
  readonly delayMs: number;
  readonly isFault: boolean;
  /** Whether the delay is a guess: it may end when the server is known to be there. Else the server asked for it. */
  readonly isGuess: boolean;
}

/** How a step ended; `listed`: by LIST, completely. */
export type StepEnd = WatchEnd | { readonly kind: "listed" };

/** Decides from how a step ended what comes next: the rules 5 to 8 of reference/kubernetes.md §5.1. */
export interface Planner {
  /** `version`: the last resourceVersion that was applied; null before the first. */
  after(step: Step, end: StepEnd, version: string | null): Plan;
  relist(reason: RelistReason, newest?: boolean): Step;
  /** An event of a watch was applied. */
  progressed(): void;
}

/** A watch shorter than this, without an event, is a server that cannot serve it. */
const shortestWatchMs = 1000;

/**
 * Makes the plan for one reflector; `delays` spaces its retries.
 * @param canWatchList whether to read a whole state by a watch, until the server says that it cannot; else by LIST.
 */
export function createPlanner(delays: RestartDelay, canWatchList: boolean): Planner {
  const memory: Memory = { canWatchList, hasExpired: false, silentAt: null, errorFrames: 0 };
  const later = (step: Step, retryAfterMs?: number | null): Plan => ({
    step,
    delayMs: delays.next(retryAfterMs),
    isFault: true,
    isGuess: (retryAfterMs ?? null) === null,
  });
  const parts: Parts = { memory, later };
  return {
    after: (step, end, version) => planAfter(parts, step, end, version),
    relist: (reason, newest) => relistStep(memory, reason, newest),
    progressed: () => {
      memory.hasExpired = false;
      memory.errorFrames = 0;
      delays.reset();
    },
  };
}

interface Memory {
  canWatchList: boolean;
  /** Whether the history was lost, and no event has come since. */
  hasExpired: boolean;
  /** The resourceVersion at which the last watch fell silent. */
  silentAt: string | null;
  /** In a row. */
  errorFrames: number;
}

interface Parts {
  readonly memory: Memory;
  readonly later: (step: Step, retryAfterMs?: number | null) => Plan;
}

function atOnce(step: Step, isFault = false): Plan {
  return { step, delayMs: 0, isFault, isGuess: false };
}

function relistStep({ canWatchList }: Memory, reason: RelistReason, newest = false): Step {
  return { do: "relist", reason, by: canWatchList ? "watch" : "list", newest };
}

function planAfter(parts: Parts, step: Step, end: StepEnd, version: string | null): Plan {
  const { memory, later } = parts;
  switch (end.kind) {
    case "listed":
      return atOnce({ do: "watch" });
    case "ended": {
      const isGood = step.do === "watch" && (end.events > 0 || end.lastedMs >= shortestWatchMs);
      return isGood ? atOnce(step) : later(step);
    }
    case "silent":
      return afterSilence(parts, step, version);
    case "failed":
      return afterFailure(parts, step, end.error);
    case "errorFrame":
      if (end.error.code === "Expired") return afterExpiry(parts, step);
      memory.errorFrames += 1;
      return later(memory.errorFrames > 1 ? relistStep(memory, "error") : step, end.error.retryAfterMs);
    case "corrupt":
      return later(relistStep(memory, "error"));
    case "aborted":
    default: // for the compiler, which wants a return here
      return atOnce(step);
  }
}

/** A relist follows at once, but not round and round. */
function afterExpiry({ memory, later }: Parts, step: Step): Plan {
  const relist = relistStep(memory, "expired", step.do === "relist");
  const isFirst = step.do === "watch" && !memory.hasExpired;
  memory.hasExpired = true;
  return isFirst ? atOnce(relist) : later(relist);
}

function afterSilence({ memory, later }: Parts, step: Step, version: string | null): Plan {
  if (step.do === "relist") return later({ ...step, by: "list" });
  // A watch from a future resourceVersion is silent for ever (reference/kubernetes.md §2.4).
  const isRepeated = memory.silentAt === version;
  memory.silentAt = isRepeated ? null : version;
  return atOnce(isRepeated ? relistStep(memory, "silence", true) : step, true);
}

function afterFailure(parts: Parts, step: Step, error: KubernetesError): Plan {
  const { memory, later } = parts;
  const { code } = error;
  if (code === "Expired") return afterExpiry(parts, step);
  if (code === "Invalid") {
    if (step.do === "watch" || step.by === "list") return later(relistStep(memory, "error"));
    memory.canWatchList = false; // the gate is off (422), or the server too old (400)
    return atOnce({ ...step, by: "list" });
  }
  // A missing right too: just after its start a server may not know yet who has which.
  return later(step, error.retryAfterMs);
}
