import { keyOf } from "../engine/cluster-document.ts";
import type { AzureIdentity } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { withDeadline } from "./deadline.ts";
import type { TokenResult, TokenSource } from "./ports.ts";
import type { Slots } from "./slots.ts";

/** No upstream call lasts longer; the requests behind it have 50 s in all. */
export const upstreamTimeoutMs = 15_000;

/** IMDS serves five calls at once; one is left for the node's own (reference/azure.md §2). */
export const imdsCallsAtOnce = 4;

const managedIdentity = 0;

export interface TokenFetchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly tokens: TokenSource;
  /** Every call to IMDS takes one. */
  readonly imdsSlots: Slots;
  /** Ends all calls when the daemon stops. */
  readonly stopped: AbortSignal;
}

/** One call upstream that always ends, and never throws: whatever goes wrong is `unavailable`. */
export async function fetchToken(
  { clock, log, tokens, imdsSlots, stopped }: TokenFetchDeps,
  identity: AzureIdentity,
  resource: string,
): Promise<TokenResult> {
  try {
    return await withDeadline({ clock, timeoutMs: upstreamTimeoutMs, signal: stopped }, (signal) => {
      const acquire = (): Promise<TokenResult> => tokens.acquire({ identity, resource, signal });
      return identity.spec.type === managedIdentity ? imdsSlots.run(signal, acquire) : acquire();
    });
  } catch (thrown) {
    log.error({ err: toError(thrown), identity: keyOf(identity) }, "token call failed");
    const detail = "the call to Azure failed or took too long";
    return { ok: false, failure: { kind: "unavailable", retryAfterSeconds: null, detail } };
  }
}
