import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@azure/msal-node";

import type { HttpExchange, HttpRequest, HttpSender } from "./http.ts";

/** MSAL's way to the network for one acquisition, and the record of what came back. */
export interface RecordedNetwork {
  readonly network: INetworkModule;
  /** The last exchange; undefined when MSAL sent nothing. */
  exchange(): HttpExchange | undefined;
}

/**
 * Makes a network for one acquisition (azure.md §3.4 rule 3). MSAL hides status, headers and network errors
 * from its callers, so the outcome is judged by the record, not by what MSAL returns or throws.
 */
export function recordNetwork(send: HttpSender, signal: AbortSignal): RecordedNetwork {
  let recorded: HttpExchange | undefined;
  const exchange = async <T>(request: HttpRequest): Promise<NetworkResponse<T>> => {
    recorded = await send(request, signal);
    if (recorded.kind === "noAnswer") throw new Error(recorded.detail);
    return { status: recorded.status, headers: { ...recorded.headers }, body: JSON.parse(recorded.body) };
  };
  return {
    network: {
      sendGetRequestAsync: (url, options) => exchange({ method: "GET", url, headers: headersOf(options) }),
      sendPostRequestAsync: (url, options) =>
        exchange({ method: "POST", url, headers: headersOf(options), body: options?.body ?? "" }),
    },
    exchange: () => recorded,
  };
}

function headersOf(options: NetworkRequestOptions | undefined): Readonly<Record<string, string>> {
  return options?.headers ?? {};
}
