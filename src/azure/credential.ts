import type { Clock } from "../runtime/clock.ts";
import { type Authority, parseAuthority } from "./authority.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import type { Cloud, EndpointOverrides } from "./cloud.ts";
import { type ApplicationProof, createEntraTokens } from "./entra.ts";
import { AzureError } from "./errors.ts";
import { proveByToken, type ReadToken } from "./federated-token.ts";
import type { IdentitySelector } from "./imds-answer.ts";
import { createImdsTokens } from "./managed-identity.ts";
import { shareTokens } from "./shared-tokens.ts";
import type { FailedResult, TokenResult } from "./token-result.ts";

/** podid's own login, in the shape of the Azure SDK's TokenCredential. */
export interface Credential {
  /** @throws AzureError login-refused or login-unavailable. */
  getToken(
    scopes: string | string[],
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number }>;
}

/** Where and by whose clock a login happens. */
interface Place {
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly endpoints?: EndpointOverrides;
}

interface Application {
  readonly tenantID: string;
  readonly clientID: string;
}

type Acquire = (scope: string) => Promise<TokenResult>;

/**
 * Makes a login with an application's secret. Tokens are kept until shortly before their end on `clock`;
 * callers at the same time share one request, and a valid token outlives a failed renewal (reliability.md EN5).
 * @throws AzureError login-refused when `tenantID` cannot be one.
 */
export function createSecretCredential(
  options: Place & Application & { readonly clientSecret: string },
): Credential {
  const proof = { kind: "secret", clientSecret: options.clientSecret } as const;
  return byApplication(options, async () => ({ ok: true, proof }));
}

/** The same with a certificate. @throws AzureError as above. */
export function createCertificateCredential(
  options: Place & Application & { readonly certificate: ClientCertificate },
): Credential {
  const proof = { kind: "certificate", certificate: options.certificate } as const;
  return byApplication(options, async () => ({ ok: true, proof }));
}

/**
 * The same with a service account's token, which the application trusts. `readToken` is asked for every new token:
 * the kubelet replaces its file long before the token in it ends. @throws AzureError as above.
 */
export function createWorkloadIdentityCredential(
  options: Place & Application & { readonly readToken: ReadToken },
): Credential {
  return byApplication(options, () => proveByToken(options.readToken));
}

/** The same with an identity of this machine, from IMDS; `selector` null: its system-assigned one. */
export function createManagedIdentityCredential(
  options: Omit<Place, "cloud"> & { readonly selector: IdentitySelector | null },
): Credential {
  const { clock, endpoints = {}, selector } = options;
  const imds = createImdsTokens({ clock, ...endpoints });
  const { signal } = new AbortController();
  const acquire: Acquire = (scope) => imds({ selector, resource: resourceOf(scope), signal });
  return credentialOf(clock, selector === null ? [] : [selector.value], acquire);
}

/** IMDS knows resources, not scopes; a resource keeps its slash. */
function resourceOf(scope: string): string {
  return scope.replace(/\/\.default$/, "");
}

type ProofResult = { readonly ok: true; readonly proof: ApplicationProof } | FailedResult;

function byApplication(options: Place & Application, prove: () => Promise<ProofResult>): Credential {
  const { clock, clientID, tenantID } = options;
  const authority = authorityOf(options);
  const entra = createEntraTokens(clock);
  const { signal } = new AbortController();
  return credentialOf(clock, [clientID, tenantID], async (scope) => {
    const proven = await prove();
    return proven.ok ? entra({ authority, clientID, proof: proven.proof, scope, signal }) : proven;
  });
}

function authorityOf({ cloud, endpoints = {}, tenantID }: Place & Application): Authority {
  const parsed = parseAuthority("", tenantID, endpoints.authorityUrl ?? cloud.authorityUrl);
  if (!parsed.ok) throw new AzureError("login-refused", `own credential: ${parsed.problem}`);
  return parsed.authority;
}

/** `names` are who podid is: Azure's errors quote them, and its log does not show them. */
function credentialOf(clock: Clock, names: readonly string[], acquire: Acquire): Credential {
  const tokens = shareTokens(clock, async (scope) => {
    const result = await acquire(scope);
    if (result.ok) return result;
    const { failure } = result;
    return { ok: false, failure: { ...failure, detail: withoutNames(failure.detail, names) } };
  });
  return {
    getToken: async (scopes) => {
      const token = await tokens(Array.isArray(scopes) ? scopes.join(" ") : scopes);
      return { token: token.accessToken, expiresOnTimestamp: token.expiresOnSeconds * 1000 };
    },
  };
}

/** Azure writes ids in letters of any case. */
function withoutNames(text: string, names: readonly string[]): string {
  return names.reduce((left, name) => left.replaceAll(new RegExp(RegExp.escape(name), "gi"), "[own]"), text);
}
