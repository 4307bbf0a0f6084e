import type { Clock } from "../runtime/clock.ts";
import { armError } from "./arm-answers.ts";
import type { EmulatorRequest, EmulatorResponse } from "./http.ts";
import type { ArmBudgets } from "./settings.ts";

/**
 * Makes the throttle: it answers the 429 that a call gets when its bucket is empty, else null. Nothing is
 * refused when `budgets` is null.
 */
export function createArmBudget(
  clock: Clock,
  budgets: ArmBudgets | null,
): (request: EmulatorRequest) => EmulatorResponse | null {
  const buckets = new Map<string, { calls: number; atMs: number }>();
  return ({ method, path }) => {
    if (budgets === null) return null;
    const scope = method === "GET" ? "reads" : "writes";
    const { burst, perSecond } = budgets[scope];
    const [, , subscription = ""] = path.toLowerCase().split("/");
    const key = `${subscription} ${scope}`;
    const nowMs = clock.monotonicMs();
    const { calls, atMs } = buckets.get(key) ?? { calls: burst, atMs: nowMs };
    const refilled = Math.min(burst, calls + ((nowMs - atMs) / 1000) * perSecond);
    buckets.set(key, { calls: refilled < 1 ? refilled : refilled - 1, atMs: nowMs });
    if (refilled >= 1) return null;
    const seconds = Math.max(1, Math.ceil((1 - refilled) / perSecond));
    const message = `Number of ${scope} for subscription '${subscription}' exceeded the limit.`;
    return armError(429, "TooManyRequests", message, { "retry-after": String(seconds) });
  };
}
