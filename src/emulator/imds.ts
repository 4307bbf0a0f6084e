import { type Clock, delay } from "../runtime/clock.ts";
import type { EmulatorResponse, Handler } from "./http.ts";
import { chooseIdentity, type ManagedIdentity } from "./imds-identity.ts";
import { imdsError, type ImdsTokenRequest, parseImdsRequest } from "./imds-request.ts";
import type { Machines } from "./machines.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { EmulatorSettings } from "./settings.ts";
import { type Directory, keyOf } from "./state.ts";
import { unixSeconds } from "./times.ts";
import type { IssuedToken, TokenIssuer } from "./tokens.ts";

interface ImdsParts {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly machines: Machines;
  readonly issuer: Pick<TokenIssuer, "issue">;
  readonly settings: EmulatorSettings;
  /** Aborted when the emulator closes. */
  readonly signal: AbortSignal;
}

/** Tokens of managed identities live about 24 h; a fresh one says "86399" (azure.md §2). */
const tokenLifetimeSeconds = 86_399;

/** IMDS renews a token with less than this left [inf]: no client would use it again (azure.md §1.5). */
const minLeftSeconds = 300;

/** The metadata service of one node, backed by the machine or scale set `machineID` (azure.md §2). */
export function createImdsHandler(parts: ImdsParts, machineID: string): Handler {
  const limit = createRateLimit(parts.clock, {
    requestsPerSecond: parts.settings.imdsRequestsPerSecond,
    concurrentRequests: parts.settings.imdsConcurrentRequests,
  });
  const tokens = createTokenCache(parts);
  return async (request) => {
    const parsed = parseImdsRequest(request);
    if (parsed.kind === "refused") return parsed.response;
    const leave = limit.enter();
    // Whether Azure sends Retry-After here is not known (azure.md §8), so there is none.
    if (leave === null) return imdsError(429, "too_many_requests", "Too many requests");
    try {
      const latencyMs = parts.settings.imdsLatencyMs;
      if (latencyMs > 0) await delay(parts.clock, latencyMs, parts.signal);
      return tokenAnswer(parts, tokens, machineID, parsed);
    } finally {
      leave();
    }
  };
}

function tokenAnswer(
  parts: ImdsParts,
  tokens: TokenCache,
  machineID: string,
  request: ImdsTokenRequest,
): EmulatorResponse {
  const choice = chooseIdentity(visibleIdentities(parts, machineID), request.selector);
  if (choice.kind === "refused") {
    const error = imdsError(400, "invalid_request", choice.description);
    return { ...error, facts: { machineID, audience: request.resource } };
  }
  const { identity } = choice;
  const issued = tokens.get(identity, request);
  const leftSeconds = String(issued.expiresAtSeconds - unixSeconds(parts.clock.nowMs()));
  return {
    status: 200,
    headers: { "cache-control": "no-store" },
    // All values are strings, and resource comes back byte for byte (azure.md §1.5).
    json: {
      access_token: issued.token,
      client_id: identity.clientID,
      expires_in: leftSeconds,
      expires_on: String(issued.expiresAtSeconds),
      ext_expires_in: leftSeconds,
      not_before: String(issued.notBeforeSeconds),
      resource: request.resource,
      token_type: "Bearer",
    },
    facts: { clientID: identity.clientID, audience: request.resource, machineID },
  };
}

/** What ARM has assigned to the machine, and IMDS has noticed (azure.md §7.4 rule 3). */
function visibleIdentities(parts: ImdsParts, machineID: string): readonly ManagedIdentity[] {
  const machine = parts.machines.find(machineID);
  if (machine === undefined) return [];
  const { resourceID, tenantID, systemAssigned } = machine;
  const users = parts.machines.visibleIn(machine).flatMap((id) => {
    const identity = parts.directory.userAssignedIdentity(id);
    return identity === undefined ? [] : [{ kind: "user" as const, ...identity }];
  });
  return systemAssigned === null
    ? users
    : [{ kind: "system", resourceID, tenantID, ...systemAssigned }, ...users];
}

interface TokenCache {
  get(identity: ManagedIdentity, request: ImdsTokenRequest): IssuedToken;
}

/** IMDS answers the same token until it runs out, hence a shrinking `expires_in` (azure.md §2). */
function createTokenCache(parts: ImdsParts): TokenCache {
  const tokens = new Map<string, IssuedToken>();
  return {
    get: (identity, request) => {
      const key = `${keyOf(identity.clientID)} ${request.resource}`;
      const cached = tokens.get(key);
      const renewAtSeconds = unixSeconds(parts.clock.nowMs()) + minLeftSeconds;
      if (cached !== undefined && cached.expiresAtSeconds > renewAtSeconds && !request.bypassCache)
        return cached;
      const { tenantID, clientID, objectID, resourceID } = identity;
      const subject = { tenantID, clientID, objectID, managedResourceID: resourceID };
      const issued = parts.issuer.issue(subject, request.resource, tokenLifetimeSeconds);
      tokens.set(key, issued);
      return issued;
    },
  };
}
