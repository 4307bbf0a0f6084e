import type { Clock } from "../runtime/clock.ts";
import { refuse } from "./refusals.ts";
import type { Refusal } from "./response.ts";

export interface AdmissionLimits {
  /** Requests that one caller may have at a time, those that wait included. */
  readonly mostAtOncePerCaller: number;
  /** Requests that one caller may send in the long run. */
  readonly perSecondPerCaller: number;
  /** Requests that one caller may send at once after a pause. */
  readonly burstPerCaller: number;
}

type Entry =
  | { readonly ok: true; readonly leave: () => void }
  /** `isNews`: the first refusal of this caller for a while, and so worth a line in the log. */
  | { readonly ok: false; readonly refusal: Refusal; readonly isNews: boolean };

/**
 * Bounds what one caller may ask of the daemon, so that a flood of one pod does not starve the others
 * (reference/reliability.md S13, L4).
 */
export interface Admission {
  /** Lets a request of `caller` in; `leave` is to be called when it has been answered. */
  enter(caller: string): Entry;
}

/** Callers beyond these that have nothing under way are forgotten, those first that came longest ago. */
const mostCallers = 4_096;
const newsPauseMs = 10_000;
/**
 * Who sent more than the rate so lately gets a twentieth of the burst: a flood that pauses would save one up again and
 * again, and spend it in a moment in which nobody else is served. What is refused counts as sent, so that a flood stays one,
 * and who keeps to the rate again is soon served again.
 */
const overLatelyMs = 2_500;
const shareOfBurst = 1 / 20;

interface Caller {
  atOnce: number;
  /** Requests that it may send now; grows with time up to the burst, and falls with each that is sent. */
  allowance: number;
  /** As `allowance`, up to a twentieth of the burst, and falls with each that is let in. */
  smallAllowance: number;
  /** Monotonic. */
  seenMs: number;
  toldMs: number;
  /** When it last sent more than it may. */
  overMs: number;
}

/** Makes a token bucket and a count of requests for each caller. */
export function createAdmission(clock: Clock, limits: AdmissionLimits): Admission {
  const { mostAtOncePerCaller, perSecondPerCaller, burstPerCaller } = limits;
  const smallBurst = Math.ceil(burstPerCaller * shareOfBurst);
  const callers = new Map<string, Caller>();

  const see = (key: string): Caller => {
    const nowMs = clock.monotonicMs();
    const known = callers.get(key);
    const caller = known ?? newCaller(burstPerCaller, smallBurst, nowMs);
    const gained = ((nowMs - caller.seenMs) / 1000) * perSecondPerCaller;
    caller.allowance = Math.min(burstPerCaller, caller.allowance + gained);
    caller.smallAllowance = Math.min(smallBurst, caller.smallAllowance + gained);
    caller.seenMs = nowMs;
    callers.delete(key);
    callers.set(key, caller);
    return caller;
  };
  const refused = (caller: Caller): Entry => {
    const isNews = caller.seenMs - caller.toldMs >= newsPauseMs;
    if (isNews) caller.toldMs = caller.seenMs;
    return { ok: false, refusal: refuse("tooManyRequests", "TooManyRequests"), isNews };
  };

  return {
    enter: (key) => {
      const caller = see(key);
      forgetOldest(callers);
      const wasOver = caller.seenMs - caller.overMs < overLatelyMs;
      const isOver = caller.allowance < 1;
      if (isOver) caller.overMs = caller.seenMs;
      else caller.allowance -= 1;
      const isBursting = wasOver && caller.smallAllowance < 1;
      if (caller.atOnce >= mostAtOncePerCaller || isOver || isBursting) return refused(caller);
      caller.smallAllowance = Math.max(0, caller.smallAllowance - 1);
      caller.atOnce += 1;
      return { ok: true, leave: () => void (caller.atOnce -= 1) };
    },
  };
}

function newCaller(allowance: number, smallAllowance: number, nowMs: number): Caller {
  const longAgo = { toldMs: -newsPauseMs, overMs: -overLatelyMs };
  return { atOnce: 0, allowance, smallAllowance, seenMs: nowMs, ...longAgo };
}

function forgetOldest(callers: Map<string, Caller>): void {
  if (callers.size <= mostCallers) return;
  for (const [key, { atOnce }] of callers) {
    if (atOnce > 0) continue;
    callers.delete(key);
    return;
  }
}
