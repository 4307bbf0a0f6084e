import type { IncomingMessage, ServerResponse } from "node:http";

import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type Context } from "hono";

import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import type { NmiMetrics } from "./metrics.ts";
import { recordServed, requestIdOf } from "./observe.ts";
import type { RawRequest } from "./request.ts";
import type { Answer } from "./response.ts";
import { serveRequest, type ServeDeps } from "./serve.ts";
import { refused, type Served } from "./served.ts";

export interface NmiEnv {
  /** The connection's own request, of which nothing is read by way of a Request; and where the answer goes. */
  Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
  Variables: {
    readonly requestId: string;
    readonly arrivedMs: number;
  };
}

export interface AppDeps extends ServeDeps {
  readonly log: Log;
  readonly metrics: NmiMetrics;
  readonly draining: AbortSignal;
}

/**
 * What pods reach, and the node's own processes at a loopback address: request id, access log, and the one way that
 * reads and answers requests. Health and metrics of the daemon are at other ports, where no redirect leads pods to.
 */
export function createApp(deps: AppDeps): Hono<NmiEnv> {
  // Nobody but our own parser reads the target, so there is nothing to route by.
  const app = new Hono<NmiEnv>({ getPath: () => "/" });

  app.all("/", async (c) => {
    const { incoming, outgoing } = c.env;
    const arrivedMs = deps.clock.monotonicMs();
    c.set("requestId", requestIdOf(incoming.headersDistinct));
    c.set("arrivedMs", arrivedMs);
    const arrival = {
      raw: rawOf(incoming),
      peerAddress: peerOf(incoming),
      arrivedMs,
      gone: goneOf(outgoing),
    };
    return respond(c, deps, await serveRequest(deps, arrival));
  });
  app.onError((thrown, c) => {
    deps.log.error({ err: toError(thrown), requestId: c.get("requestId") }, "request failed");
    return respond(c, deps, refused({ kind: "internalError", description: "internal error", reasons: [] }));
  });
  return app;
}

/** Tells the access log what became of a request, and only then the client. */
function respond(c: Context<NmiEnv>, deps: AppDeps, served: Served): Response {
  const { incoming, outgoing } = c.env;
  const [requestId, arrivedMs] = [c.get("requestId"), c.get("arrivedMs")];
  recordServed(deps, served, { requestId, arrivedMs, peerAddress: peerOf(incoming) });
  writeAnswer(outgoing, served.answer, {
    "x-ms-request-id": requestId,
    ...(deps.draining.aborted ? { connection: "close" } : {}),
  });
  return RESPONSE_ALREADY_SENT;
}

/**
 * Writes an answer in one piece, under a product token of our own: MSAL.NET takes `IMDS/` for the real service. A
 * Response in between would cost a tenth of what a token costs.
 */
function writeAnswer(
  outgoing: ServerResponse,
  answer: Answer,
  headers: Readonly<Record<string, string>>,
): void {
  // RFC 9110 §8.6.
  const length = answer.status === 204 ? {} : { "content-length": Buffer.byteLength(answer.body) };
  outgoing.writeHead(answer.status, { server: "podid", ...answer.headers, ...headers, ...length });
  outgoing.end(answer.body);
}

/** Aborts when the client leaves before it has its answer. */
function goneOf(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  return gone.signal;
}

function rawOf(incoming: IncomingMessage): RawRequest {
  const { method = "", httpVersion: version, url = "", headersDistinct } = incoming;
  return { method, version, target: url, headers: headersDistinct };
}

/** Empty when the client is already gone. */
function peerOf(incoming: IncomingMessage): string {
  return incoming.socket.remoteAddress ?? "";
}
