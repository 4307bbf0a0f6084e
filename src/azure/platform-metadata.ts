import type { Clock } from "../runtime/clock.ts";
import { retryAfterSeconds } from "../runtime/retry-after.ts";
import { azureImdsUrl, imdsTokenPath } from "./cloud.ts";
import { createHttpSender, type HttpSender } from "./http.ts";

/** What a pod that is excepted from podid asks IMDS for; at most one of the ids. */
interface PlatformTokenRequest {
  readonly resource: string;
  readonly clientID?: string;
  readonly objectID?: string;
  readonly resourceID?: string;
  readonly signal: AbortSignal;
}

/** What a pod may read of the machine it runs on; `path`: the segments behind /metadata. */
interface MetadataRequest {
  readonly path: readonly string[];
  readonly apiVersion?: string;
  readonly format?: "json" | "text";
  readonly signal: AbortSignal;
}

interface PlatformAnswer {
  readonly status: number;
  readonly body: string;
  /** As IMDS says when to come back; null: not at all. */
  readonly retryAfterSeconds: number | null;
}

/** The platform's own metadata service. */
export interface PlatformMetadata {
  fetchToken(request: PlatformTokenRequest): Promise<PlatformAnswer>;
  fetchMetadata(request: MetadataRequest): Promise<PlatformAnswer & { readonly contentType: string }>;
}

/** Instance metadata holds up to 64 KiB of user data, in base64. */
const metadataLimitBytes = 262_144;

/**
 * Makes the way to IMDS for pods that get IMDS's own answer, byte for byte. Path and query are built here: the
 * caller's would let a pod add `bypass_cache` (azure.md §2). When IMDS does not answer, that is a 503.
 */
export function createPlatformMetadata(options: {
  readonly clock: Clock;
  readonly imdsUrl?: string;
}): PlatformMetadata {
  const { clock, imdsUrl = azureImdsUrl } = options;
  const ask = async (send: HttpSender, pathAndQuery: string, signal: AbortSignal) => {
    const url = `${imdsUrl}${pathAndQuery}`;
    const exchange = await send({ method: "GET", url, headers: { metadata: "true" } }, signal);
    if (exchange.kind === "answer") {
      const { status, headers, body } = exchange;
      const retryAfter = retryAfterSeconds(headers["retry-after"], clock.nowMs());
      return { status, contentType: headers["content-type"] ?? "", body, retryAfterSeconds: retryAfter };
    }
    const error_description = `IMDS did not answer: ${exchange.detail}`;
    const body = JSON.stringify({ error: "service_unavailable", error_description });
    return { status: 503, contentType: "application/json", body, retryAfterSeconds: null };
  };
  const sendForToken = createHttpSender(clock);
  const sendForMetadata = createHttpSender(clock, metadataLimitBytes);
  return {
    fetchToken: async (request) => {
      const target = `${imdsTokenPath}?${tokenQuery(request)}`;
      const { contentType: _, ...answer } = await ask(sendForToken, target, request.signal);
      return answer;
    },
    fetchMetadata: ({ path, signal, ...parameters }) => {
      const query = metadataQuery(parameters);
      const target = `/metadata/${path.map(encodeURIComponent).join("/")}${query === "" ? "" : `?${query}`}`;
      return ask(sendForMetadata, target, signal);
    },
  };
}

function metadataQuery({ apiVersion, format }: Pick<MetadataRequest, "apiVersion" | "format">): string {
  return new URLSearchParams({
    ...(apiVersion === undefined ? {} : { "api-version": apiVersion }),
    ...(format === undefined ? {} : { format }),
  }).toString();
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
