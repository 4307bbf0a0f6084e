import { AsyncLocalStorage } from "node:async_hooks";

import { type INetworkModule, ManagedIdentityApplication } from "@azure/msal-node";

import type { Clock } from "../runtime/clock.ts";
import { azureImdsUrl, imdsTokenPath } from "./cloud.ts";
import { createHttpSender, type HttpExchange, type HttpSender } from "./http.ts";
import { type IdentitySelector, judgeImdsAnswer } from "./imds-answer.ts";
import { recordNetwork } from "./msal-network.ts";
import { type AzureIdentity, failed, type TokenRequest, type TokenResult } from "./token-result.ts";

/** Gets tokens of identities of type 0 from IMDS. */
export type ManagedIdentityTokens = (request: TokenRequest) => Promise<TokenResult>;

/**
 * Makes the source for type 0. `imdsUrl` is IMDS's base URL, without a trailing slash. Every call asks IMDS
 * once, always by an explicit selector: without one IMDS may answer with the node's own identity (azure.md §2).
 */
export function createManagedIdentityTokens(options: {
  readonly clock: Clock;
  readonly imdsUrl?: string;
}): ManagedIdentityTokens {
  const imds = createImdsTokens(options);
  return async ({ identity, resource, signal }) => {
    const selector = selectorOf(identity);
    if (selector === null) {
      const place = `AzureIdentity ${identity.namespace}/${identity.name}`;
      return failed("refused", `${place} names no identity: set spec.clientID or spec.resourceID`);
    }
    return imds({ selector, resource, signal });
  };
}

/** Asks IMDS once for a token of `resource`; without a selector for the machine's own identity. */
export type ImdsTokens = (asked: {
  readonly selector: IdentitySelector | null;
  readonly resource: string;
  readonly signal: AbortSignal;
}) => Promise<TokenResult>;

/** Makes the way to IMDS, whose base URL is `imdsUrl`, without a trailing slash. */
export function createImdsTokens(options: { readonly clock: Clock; readonly imdsUrl?: string }): ImdsTokens {
  const { clock, imdsUrl = azureImdsUrl } = options;
  const send = rewriteToImds(createHttpSender(clock), imdsUrl);
  return async ({ selector, resource, signal }) => {
    const exchange = await askImds(send, selector, resource, signal);
    return judgeImdsAnswer(exchange, { selector, resource, nowMs: clock.nowMs() });
  };
}

function selectorOf(identity: AzureIdentity): IdentitySelector | null {
  const { clientID, resourceID, objectID } = identity.spec;
  if (clientID !== "") return { parameter: "client_id", value: clientID };
  if (resourceID !== "") return { parameter: "msi_res_id", value: resourceID };
  return objectID === "" ? null : { parameter: "object_id", value: objectID };
}

const msalSelector = {
  client_id: "userAssignedClientId",
  msi_res_id: "userAssignedResourceId",
  object_id: "userAssignedObjectId",
} as const;

/**
 * MSAL detects the kind of managed identity once per process and from then on uses the network of the very
 * first application, whatever later ones are given. So all of them get this one, which finds the network of
 * its own call in the asynchronous context.
 */
const currentNetwork = new AsyncLocalStorage<INetworkModule>();
const sharedNetwork: INetworkModule = {
  sendGetRequestAsync: (url, options) => networkOfCall().sendGetRequestAsync(url, options),
  sendPostRequestAsync: (url, options) => networkOfCall().sendPostRequestAsync(url, options),
};

function networkOfCall(): INetworkModule {
  const network = currentNetwork.getStore();
  if (network === undefined) throw new Error("a managed identity was used outside of podid's token source");
  return network;
}

async function askImds(
  send: HttpSender,
  selector: IdentitySelector | null,
  resource: string,
  signal: AbortSignal,
): Promise<HttpExchange> {
  const recorded = recordNetwork(send, signal);
  const application = new ManagedIdentityApplication({
    ...(selector && { managedIdentityIdParams: { [msalSelector[selector.parameter]]: selector.value } }),
    system: { networkClient: sharedNetwork, disableInternalRetries: true },
  });
  try {
    await currentNetwork.run(recorded.network, () =>
      application.acquireToken({ resource, forceRefresh: true }),
    );
  } catch {
    // The record tells more than MSAL's error, see recordNetwork.
  }
  return recorded.exchange() ?? { kind: "noAnswer", detail: "the request never reached the network" };
}

/** Sends MSAL's requests to `imdsUrl`, and nothing else: variables such as IDENTITY_ENDPOINT redirect MSAL. */
function rewriteToImds(send: HttpSender, imdsUrl: string): HttpSender {
  return async (request, signal) => {
    const { pathname, search } = new URL(request.url);
    if (pathname.replace(/\/$/, "") !== imdsTokenPath) {
      return {
        kind: "noAnswer",
        detail:
          "a variable of the environment redirects managed identities: unset IDENTITY_ENDPOINT, MSI_ENDPOINT",
      };
    }
    return send({ ...request, url: `${imdsUrl}${imdsTokenPath}${search}` }, signal);
  };
}
