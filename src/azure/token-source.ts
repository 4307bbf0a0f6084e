import type { Clock } from "../runtime/clock.ts";
import type { ReadSecret } from "./client-secret.ts";
import type { Cloud, EndpointOverrides } from "./cloud.ts";
import { createEntraTokens } from "./entra.ts";
import { createManagedIdentityTokens } from "./managed-identity.ts";
import { rememberRefusals } from "./refusal-memory.ts";
import { createServicePrincipalTokens } from "./service-principal.ts";
import { failed, type TokenRequest, type TokenResult } from "./token-result.ts";

/** Gets tokens for identities; a call hits the network once, or is known to be refused; none throws. */
export interface TokenSource {
  acquire(request: TokenRequest): Promise<TokenResult>;
}

/** Makes the source of all identity types that are served: 0 from IMDS, 1 and 2 from Entra. */
export function createTokenSource(options: {
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly endpoints?: EndpointOverrides;
  readonly readSecret: ReadSecret;
}): TokenSource {
  const { clock, cloud, endpoints = {}, readSecret } = options;
  const managedIdentity = createManagedIdentityTokens({ clock, ...endpoints });
  const servicePrincipal = createServicePrincipalTokens({
    entra: rememberRefusals(clock, createEntraTokens(clock)),
    authorityUrl: endpoints.authorityUrl ?? cloud.authorityUrl,
    readSecret,
  });
  return {
    acquire: async (request) => {
      const { namespace, name, spec } = request.identity;
      if (spec.type === 0) return managedIdentity(request);
      if (spec.type === 1 || spec.type === 2) return servicePrincipal(request);
      const place = `AzureIdentity ${namespace}/${name}`;
      return failed("unsupported", `${place} has type ${spec.type}: types 0, 1 and 2 are served`);
    },
  };
}
