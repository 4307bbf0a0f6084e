import { keyOf } from "../engine/cluster-document.ts";
import type { AzureIdentity } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { withDeadline } from "./deadline.ts";
import type { TokenResult, TokenSource } from "./ports.ts";
import type { Slots } from "./slots.ts";

/** No upstream call lasts longer. */
export const upstreamTimeoutMs = 15_000;
/** Nor does it together with its wait for a turn; the requests behind it have 50 s in all. */
export const queueTimeoutMs = 45_000;

/**
 * IMDS serves five calls at once and twenty a second; something is left for the node's own (reference/azure.md §2,
 * reliability.md IM2).
 */
export const imdsCallsAtOnce = 4;
export const imdsPace = { starts: 15, withinMs: 1000 } as const;
/** Entra allows far more. This bounds what one node has open, its own memory and sockets. */
export const entraCallsAtOnce = 16;

const managedIdentity = 0;

/** Whether the identity's tokens come from IMDS. */
export function isManaged(identity: AzureIdentity): boolean {
  return identity.spec.type === managedIdentity;
}

export interface TokenFetchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly tokens: TokenSource;
  /** Every call to IMDS takes one. */
  readonly imdsSlots: Slots;
  /** And every call to Entra one of these. */
  readonly entraSlots: Slots;
  /** Ends all calls when the daemon stops. */
  readonly stopped: AbortSignal;
}

/** One call upstream that always ends, and never throws: whatever goes wrong is `unavailable`. */
export async function fetchToken(
  { clock, log, tokens, imdsSlots, entraSlots, stopped }: TokenFetchDeps,
  identity: AzureIdentity,
  resource: string,
): Promise<TokenResult> {
  const slots = isManaged(identity) ? imdsSlots : entraSlots;
  const turn = { clock, timeoutMs: queueTimeoutMs, signal: stopped };
  try {
    return await withDeadline(turn, (inTime) =>
      slots.run(inTime, () =>
        withDeadline({ clock, timeoutMs: upstreamTimeoutMs, signal: inTime }, (signal) =>
          tokens.acquire({ identity, resource, signal }),
        ),
      ),
    );
  } catch (thrown) {
    log.error({ err: toError(thrown), identity: keyOf(identity) }, "token call failed");
    const detail = "the call to Azure failed or took too long";
    return { ok: false, failure: { kind: "unavailable", retryAfterSeconds: null, detail } };
  }
}
