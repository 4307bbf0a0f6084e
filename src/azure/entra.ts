import { ConfidentialClientApplication } from "@azure/msal-node";

import type { Clock } from "../runtime/clock.ts";
import type { Authority } from "./authority.ts";
import { judgeEntraAnswer } from "./entra-answer.ts";
import { createHttpSender, type HttpExchange, type HttpSender } from "./http.ts";
import { recordNetwork } from "./msal-network.ts";
import type { TokenResult } from "./token-result.ts";

/** An application that shows its secret, and what it asks for. */
interface SecretLogin {
  readonly authority: Authority;
  readonly clientID: string;
  readonly clientSecret: string;
  /** `<resource>/.default`. */
  readonly scope: string;
  readonly signal: AbortSignal;
}

/** Gets tokens by OAuth client credentials (RFC 6749 §4.4). Every call asks Entra once. */
export type EntraTokens = (login: SecretLogin) => Promise<TokenResult>;

/** Makes the way to Entra; time limits and token times follow `clock`. */
export function createEntraTokens(clock: Clock): EntraTokens {
  const send = createHttpSender(clock);
  return async (login) => {
    // Entra counts the lifetime from when it answers; from when we asked is never too late.
    const sentAtMs = clock.nowMs();
    const exchange = await askEntra(send, login);
    return judgeEntraAnswer(exchange, { sentAtMs, nowMs: clock.nowMs(), secrets: [login.clientSecret] });
  };
}

/**
 * The authority that MSAL is told. It knows no http and rewrites the hosts of some clouds, hence gets a name
 * that cannot exist, and the true endpoints as metadata, which also spares the discovery call (azure.md §3.3).
 */
const placeholderHost = "entra.invalid";

async function askEntra(send: HttpSender, login: SecretLogin): Promise<HttpExchange> {
  const { authority, clientID, clientSecret, scope, signal } = login;
  const recorded = recordNetwork(send, signal);
  // A fresh application: its cache, throttle memory and awaited refreshes are not wanted (azure.md §3.4).
  const application = new ConfidentialClientApplication({
    auth: {
      clientId: clientID,
      clientSecret,
      authority: `https://${placeholderHost}/${authority.tenantID}`,
      knownAuthorities: [placeholderHost],
      authorityMetadata: JSON.stringify(endpointsOf(authority)),
    },
    system: { networkClient: recorded.network },
  });
  try {
    await application.acquireTokenByClientCredential({ scopes: [scope], skipCache: true });
  } catch {
    // The record tells more than MSAL's error, see recordNetwork.
  }
  return recorded.exchange() ?? { kind: "noAnswer", detail: "the request never reached the network" };
}

function endpointsOf({ baseUrl, tenantID }: Authority): Readonly<Record<string, string>> {
  const tenantUrl = `${baseUrl}/${tenantID}`;
  return {
    issuer: `${tenantUrl}/v2.0`,
    authorization_endpoint: `${tenantUrl}/oauth2/v2.0/authorize`,
    token_endpoint: `${tenantUrl}/oauth2/v2.0/token`,
    jwks_uri: `${tenantUrl}/discovery/v2.0/keys`,
  };
}
