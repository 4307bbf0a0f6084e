import type { Clock } from "../runtime/clock.ts";
import type { ReadSecret } from "./client-secret.ts";
import type { Cloud, EndpointOverrides } from "./cloud.ts";
import { createEntraTokens } from "./entra.ts";
import { createManagedIdentityTokens } from "./managed-identity.ts";
import { createServicePrincipalTokens } from "./service-principal.ts";
import { failed, type TokenRequest, type TokenResult } from "./token-result.ts";

/** Gets tokens for identities; every call hits the network once and none throws. */
export interface TokenSource {
  acquire(request: TokenRequest): Promise<TokenResult>;
}

/** Makes the source of all identity types that are served: 0 from IMDS, 1 from Entra. */
export function createTokenSource(options: {
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly endpoints?: EndpointOverrides;
  readonly readSecret: ReadSecret;
}): TokenSource {
  const { clock, cloud, endpoints = {}, readSecret } = options;
  const managedIdentity = createManagedIdentityTokens({ clock, ...endpoints });
  const servicePrincipal = createServicePrincipalTokens({
    entra: createEntraTokens(clock),
    authorityUrl: endpoints.authorityUrl ?? cloud.authorityUrl,
    readSecret,
  });
  return {
    acquire: async (request) => {
      const { namespace, name, spec } = request.identity;
      if (spec.type === 0) return managedIdentity(request);
      if (spec.type === 1) return servicePrincipal(request);
      const place = `AzureIdentity ${namespace}/${name}`;
      return failed("unsupported", `${place} has type ${spec.type}: types 0 and 1 are served`);
    },
  };
}
