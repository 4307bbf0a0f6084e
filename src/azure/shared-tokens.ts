import type { Clock } from "../runtime/clock.ts";
import { AzureError } from "./errors.ts";
import type { TokenFailure, TokenResult, UpstreamToken } from "./token-result.ts";

/** Entra tokens live about an hour; one is replaced when it has less than this left. */
const renewBeforeSeconds = 300;
/** What Entra refuses it refuses again a moment later; new credentials come with a memory of their own (reliability.md EN2). */
const refusedMs = 30_000;

interface Refusal {
  readonly failure: TokenFailure;
  readonly untilMs: number;
}

/**
 * Keeps what `acquire` gets for a scope until shortly before its end on `clock`. Callers at the same time share one
 * request, a valid token outlives a failed renewal, and a refusal stands for 30 s without another request.
 * The result throws AzureError login-refused or login-unavailable.
 */
export function shareTokens(
  clock: Clock,
  acquire: (scope: string) => Promise<TokenResult>,
): (scope: string) => Promise<UpstreamToken> {
  const held = new Map<string, UpstreamToken>();
  const refused = new Map<string, Refusal>();
  const flights = new Map<string, Promise<TokenResult>>();
  const secondsLeft = (token: UpstreamToken): number => token.expiresOnSeconds - clock.nowMs() / 1000;
  const fly = (scope: string): Promise<TokenResult> => {
    const flight = flights.get(scope) ?? acquire(scope).finally(() => flights.delete(scope));
    flights.set(scope, flight);
    return flight;
  };
  const ask = async (scope: string): Promise<TokenResult> => {
    const before = refused.get(scope);
    if (before !== undefined && clock.monotonicMs() < before.untilMs) {
      return { ok: false, failure: before.failure };
    }
    const result = await fly(scope);
    refused.delete(scope);
    if (!result.ok && result.failure.kind === "refused") {
      refused.set(scope, { failure: result.failure, untilMs: clock.monotonicMs() + refusedMs });
    }
    return result;
  };
  return async (scope) => {
    const old = held.get(scope);
    if (old !== undefined && secondsLeft(old) > renewBeforeSeconds) return old;
    const result = await ask(scope);
    if (result.ok) {
      held.set(scope, result.token);
      return result.token;
    }
    if (old !== undefined && secondsLeft(old) > 0) return old;
    const code = result.failure.kind === "refused" ? "login-refused" : "login-unavailable";
    throw new AzureError(code, `own credential: ${result.failure.detail}`);
  };
}
