import { createHash } from "node:crypto";

import type { Clock } from "../runtime/clock.ts";
import type { EntraTokens } from "./entra.ts";
import type { FailedResult } from "./token-result.ts";

/** What Entra refuses for good it refuses again a moment later (reference/reliability.md EN2). */
const refusedMs = 30_000;
const mostRefusals = 500;

interface Refusal {
  readonly result: FailedResult;
  readonly untilMs: number;
}

/**
 * Does not ask again for 30 s what was refused for good. What is remembered belongs to the very credential that was
 * shown, of which only a hash is kept: a corrected Secret works at once.
 */
export function rememberRefusals(clock: Clock, entra: EntraTokens): EntraTokens {
  /** Oldest first. */
  const refusals = new Map<string, Refusal>();
  return async (login) => {
    const { authority, clientID, scope, proof } = login;
    const shown = JSON.stringify([authority, clientID, scope, proof]);
    const key = createHash("sha256").update(shown).digest("base64");
    const before = refusals.get(key);
    if (before !== undefined && clock.monotonicMs() < before.untilMs) return before.result;
    const result = await entra(login);
    refusals.delete(key);
    if (!result.ok && result.failure.kind === "refused") {
      refusals.set(key, { result, untilMs: clock.monotonicMs() + refusedMs });
      const [oldest] = refusals.keys();
      if (refusals.size > mostRefusals && oldest !== undefined) refusals.delete(oldest);
    }
    return result;
  };
}
