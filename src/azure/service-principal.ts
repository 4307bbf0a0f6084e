import { parseAuthority } from "./authority.ts";
import type { ReadSecret } from "./client-secret.ts";
import type { EntraTokens } from "./entra.ts";
import { readProof } from "./principal-proof.ts";
import { failed, type TokenRequest, type TokenResult } from "./token-result.ts";

/** Gets tokens of identities of types 1 and 2: service principals whose secret or certificate is in a Secret. */
export type ServicePrincipalTokens = (request: TokenRequest) => Promise<TokenResult>;

/** Makes the source for types 1 and 2. `authorityUrl` serves identities without adEndpoint. */
export function createServicePrincipalTokens(options: {
  readonly entra: EntraTokens;
  readonly authorityUrl: string;
  readonly readSecret: ReadSecret;
}): ServicePrincipalTokens {
  const { entra, authorityUrl, readSecret } = options;
  return async ({ identity, resource, signal }) => {
    const { adEndpoint, tenantID, clientID } = identity.spec;
    const place = `AzureIdentity ${identity.namespace}/${identity.name}`;
    if (clientID === "")
      return failed("refused", `${place}: spec.clientID is empty: set the application's id`);
    const parsed = parseAuthority(adEndpoint, tenantID, authorityUrl);
    if (!parsed.ok) return failed("refused", `${place}: ${parsed.problem}`);
    const read = await readProof(identity, readSecret);
    if (!read.ok) return failed(read.kind, `${place}: ${read.problem}`);
    const { proof } = read;
    return entra({ authority: parsed.authority, clientID, proof, scope: scopeOf(resource), signal });
  };
}

/** The slash of a resource belongs to the audience: `https://h/` is asked for as `https://h//.default`. */
function scopeOf(resource: string): string {
  return resource.endsWith("/.default") ? resource : `${resource}/.default`;
}
