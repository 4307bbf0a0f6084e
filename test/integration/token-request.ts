import { request, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";

import { z } from "zod";

import type { ListenAddress } from "../../src/nmi/server.ts";

/** A pod as its node sees it. */
export interface Caller {
  readonly nmi: ListenAddress;
  /** In 127.0.0.0/8, which Linux lets any process use as its source. */
  readonly address: string;
  /** The Host header. */
  readonly host: string;
}

/** What the SDKs address, wherever the node sends it. */
export const metadataHost = "169.254.169.254";

export interface TokenAnswer {
  readonly status: number;
  readonly requestId: string;
  /** Unix seconds as told to the client; null without a token. */
  readonly expiresOn: number | null;
  readonly expiresIn: number | null;
  /** Whose the token is, by its own claims; null without a token. */
  readonly clientID: string | null;
  /** What a refusal says to the pod; empty with a token. */
  readonly description: string;
}

/** In real time; on a clock that stands still a held request would wait for ever. */
const defaultPatienceMs = 10_000;

const claimsSchema = z.object({ appid: z.string() });
const bodySchema = z.union([
  z
    .object({ access_token: z.string(), expires_on: z.string(), expires_in: z.string() })
    .transform((body) => ({
      expiresOn: Number(body.expires_on),
      expiresIn: Number(body.expires_in),
      clientID: clientOf(body.access_token),
      description: "",
    })),
  z.object({ error: z.string(), error_description: z.string() }).transform((body) => ({
    expiresOn: null,
    expiresIn: null,
    clientID: null,
    description: body.error_description,
  })),
]);

/** One request as the SDKs send it to the metadata address, on a connection of its own. */
export async function requestToken(
  { nmi, address, host }: Caller,
  query: Readonly<Record<string, string>>,
  patienceMs = defaultPatienceMs,
): Promise<TokenAnswer> {
  const parameters = new URLSearchParams({
    "api-version": "2018-02-01",
    resource: "https://vault.azure.net",
    ...query,
  });
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request({
    host: nmi.host,
    port: nmi.port,
    localAddress: address,
    path: `/metadata/identity/oauth2/token?${parameters}`,
    headers: { host, metadata: "true" },
    agent: false,
    signal: AbortSignal.timeout(patienceMs),
  })
    .on("response", resolve)
    .on("error", reject)
    .end();
  const incoming = await promise;
  const body = bodySchema.parse(await json(incoming));
  return {
    status: incoming.statusCode ?? 0,
    requestId: String(incoming.headers["x-ms-request-id"]),
    ...body,
  };
}

function clientOf(token: string): string {
  const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
  return claimsSchema.parse(JSON.parse(claims)).appid;
}
