import type { IncomingMessage } from "node:http";

import { Hono, type Context } from "hono";

import { toError } from "../runtime/to-error.ts";
import type { NmiMetrics } from "./metrics.ts";
import { recordServed, requestIdOf } from "./observe.ts";
import type { RawRequest } from "./request.ts";
import type { Answer } from "./response.ts";
import { serveRequest, type ServeDeps } from "./serve.ts";
import { refused, type Served } from "./served.ts";

export interface NmiEnv {
  /** The connection's own request: the raw target, headers and peer address come from it. */
  Bindings: { readonly incoming: IncomingMessage };
  Variables: {
    readonly requestId: string;
    readonly arrivedMs: number;
    served: Served;
  };
}

export interface AppDeps extends ServeDeps {
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

  app.use(async (c, next) => {
    const { incoming } = c.env;
    c.set("requestId", requestIdOf(incoming.headersDistinct));
    c.set("arrivedMs", deps.clock.monotonicMs());
    await next();
    const { requestId, arrivedMs, served } = c.var;
    recordServed(deps, served, { requestId, arrivedMs, peerAddress: peerOf(incoming) });
  });
  app.all("/", async (c) => {
    const { incoming } = c.env;
    const { arrivedMs } = c.var;
    const gone = c.req.raw.signal;
    const arrival = { raw: rawOf(incoming), peerAddress: peerOf(incoming), arrivedMs, gone };
    return respond(c, deps, await serveRequest(deps, arrival));
  });
  app.onError((thrown, c) => {
    deps.log.error({ err: toError(thrown), requestId: c.var.requestId }, "request failed");
    return respond(c, deps, refused({ kind: "internalError", description: "internal error", reasons: [] }));
  });
  return app;
}

/** Hands the answer to the server and what became of the request to the access log. */
function respond(c: Context<NmiEnv>, { draining }: AppDeps, served: Served): Response {
  c.set("served", served);
  return toResponse(served.answer, {
    "x-ms-request-id": c.var.requestId,
    ...(draining.aborted ? { connection: "close" } : {}),
  });
}

/** An answer as a Response, under a product token of our own: MSAL.NET takes `IMDS/` for the real service. */
export function toResponse(answer: Answer, headers: Readonly<Record<string, string>>): Response {
  return new Response(answer.body, {
    status: answer.status,
    headers: { server: "podid", ...answer.headers, ...headers },
  });
}

function rawOf(incoming: IncomingMessage): RawRequest {
  const { method = "", httpVersion: version, url = "", headersDistinct } = incoming;
  return { method, version, target: url, headers: headersDistinct };
}

/** Empty when the client is already gone. */
function peerOf(incoming: IncomingMessage): string {
  return incoming.socket.remoteAddress ?? "";
}
