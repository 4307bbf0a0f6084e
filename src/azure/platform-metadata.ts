import type { Clock } from "../runtime/clock.ts";
import { azureImdsUrl, imdsTokenPath } from "./cloud.ts";
import { createHttpSender } from "./http.ts";

/** What a pod that is excepted from podid asks IMDS for; at most one of the ids. */
interface PlatformTokenRequest {
  readonly resource: string;
  readonly clientID?: string;
  readonly objectID?: string;
  readonly resourceID?: string;
  readonly signal: AbortSignal;
}

/** The platform's own metadata service. */
export interface PlatformMetadata {
  fetchToken(request: PlatformTokenRequest): Promise<{ readonly status: number; readonly body: string }>;
}

/**
 * Makes the way to IMDS for excepted pods, whose answer is IMDS's own, byte for byte. The query is built here:
 * the caller's would let a pod add `bypass_cache` (azure.md §2). When IMDS does not answer, that is a 503.
 */
export function createPlatformMetadata(options: {
  readonly clock: Clock;
  readonly imdsUrl?: string;
}): PlatformMetadata {
  const { clock, imdsUrl = azureImdsUrl } = options;
  const send = createHttpSender(clock);
  return {
    fetchToken: async (request) => {
      const url = `${imdsUrl}${imdsTokenPath}?${tokenQuery(request)}`;
      const exchange = await send({ method: "GET", url, headers: { metadata: "true" } }, request.signal);
      if (exchange.kind === "answer") return { status: exchange.status, body: exchange.body };
      const description = `IMDS did not answer: ${exchange.detail}`;
      return {
        status: 503,
        body: JSON.stringify({ error: "service_unavailable", error_description: description }),
      };
    },
  };
}

function tokenQuery({ resource, clientID, objectID, resourceID }: PlatformTokenRequest): URLSearchParams {
  return new URLSearchParams({
    "api-version": "2018-02-01",
    resource,
    ...(clientID === undefined ? {} : { client_id: clientID }),
    ...(objectID === undefined ? {} : { object_id: objectID }),
    ...(resourceID === undefined ? {} : { msi_res_id: resourceID }),
  });
}
