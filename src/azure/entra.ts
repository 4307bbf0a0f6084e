import { ConfidentialClientApplication, type NodeAuthOptions } from "@azure/msal-node";

import type { Clock } from "../runtime/clock.ts";
import type { Authority } from "./authority.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import { judgeEntraAnswer } from "./entra-answer.ts";
import { createHttpSender, type HttpExchange, type HttpSender } from "./http.ts";
import { recordNetwork } from "./msal-network.ts";
import type { TokenResult } from "./token-result.ts";

/** What an application shows to prove itself. */
export type ApplicationProof =
  | { readonly kind: "secret"; readonly clientSecret: string }
  | { readonly kind: "certificate"; readonly certificate: ClientCertificate }
  /** A token of another issuer, which the application trusts (a federated credential). */
  | { readonly kind: "assertion"; readonly assertion: string };

/** An application that proves itself, and what it asks for. */
interface ApplicationLogin {
  readonly authority: Authority;
  readonly clientID: string;
  readonly proof: ApplicationProof;
  /** `<resource>/.default`. */
  readonly scope: string;
  readonly signal: AbortSignal;
}

/** Gets tokens by OAuth client credentials (RFC 6749 §4.4). Every call asks Entra once. */
export type EntraTokens = (login: ApplicationLogin) => Promise<TokenResult>;

/** Makes the way to Entra; time limits and token times follow `clock`. */
export function createEntraTokens(clock: Clock): EntraTokens {
  const send = createHttpSender(clock);
  return async (login) => {
    // Entra counts the lifetime from when it answers; from when we asked is never too late.
    const sentAtMs = clock.nowMs();
    const exchange = await askEntra(send, login);
    return judgeEntraAnswer(exchange, { sentAtMs, nowMs: clock.nowMs(), secrets: secretsOf(login.proof) });
  };
}

/**
 * The authority that MSAL is told. It knows no http and rewrites the hosts of some clouds, hence gets a name
 * that cannot exist, and the true endpoints as metadata, which also spares the discovery call (azure.md §3.3).
 */
const placeholderHost = "entra.invalid";

async function askEntra(send: HttpSender, login: ApplicationLogin): Promise<HttpExchange> {
  const { authority, clientID, proof, scope, signal } = login;
  const recorded = recordNetwork(send, signal);
  // A fresh application: its cache, throttle memory and awaited refreshes are not wanted (azure.md §3.4).
  const application = new ConfidentialClientApplication({
    auth: {
      clientId: clientID,
      ...credentialOf(proof),
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

type MsalCredential = Pick<NodeAuthOptions, "clientSecret" | "clientCertificate" | "clientAssertion">;

/** MSAL signs the assertion of a certificate itself, PS256 by its SHA-256 thumbprint (azure.md §3.1). */
function credentialOf(proof: ApplicationProof): MsalCredential {
  if (proof.kind === "secret") return { clientSecret: proof.clientSecret };
  if (proof.kind === "certificate") return { clientCertificate: { ...proof.certificate } };
  return { clientAssertion: proof.assertion };
}

/** What Entra's answer must not be quoted with; a certificate's key never leaves the process. */
function secretsOf(proof: ApplicationProof): readonly string[] {
  if (proof.kind === "secret") return [proof.clientSecret];
  return proof.kind === "assertion" ? [proof.assertion] : [];
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
