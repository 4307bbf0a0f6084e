import type { IncomingMessage } from "node:http";

import { Hono, type Context } from "hono";

import type { Metrics } from "../runtime/metrics.ts";
import { toError } from "../runtime/to-error.ts";
import type { NmiMetrics } from "./metrics.ts";
import { recordServed, requestIdOf } from "./observe.ts";
import { refuseUnserved, routePath, tokenPath, type RawRequest } from "./request.ts";
import type { Answer } from "./response.ts";
import { refused, serveToken, type Served, type TokenRouteDeps } from "./token-route.ts";

export interface NmiEnv {
  /** The connection's own request: the raw target, headers and peer address come from it. */
  Bindings: { readonly incoming: IncomingMessage };
  Variables: {
    readonly requestId: string;
    readonly arrivedMs: number;
    served: Served;
  };
}

export interface AppDeps extends TokenRouteDeps {
  readonly registry: Metrics;
  readonly metrics: NmiMetrics;
  readonly draining: AbortSignal;
  readonly notReady: () => readonly string[];
}

/** Caches older than this make the daemon unready (reference/reliability.md K1). */
const longestStalenessSeconds = 300;

/** NMI's routes: health and metrics for the node, the token path for its pods, JSON 404 for the rest. */
export function createApp(deps: AppDeps): Hono<NmiEnv> {
  const app = new Hono<NmiEnv>({ getPath: (_, options) => routePath(options?.env?.incoming.url ?? "") });

  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => {
    const reasons = reasonsNotReady(deps);
    return c.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  });
  app.get("/metrics", async (c) => {
    const { contentType, text } = await deps.registry.render();
    return c.body(text, 200, { "content-type": contentType });
  });

  app.use(async (c, next) => {
    const { incoming } = c.env;
    c.set("requestId", requestIdOf(incoming.headersDistinct));
    c.set("arrivedMs", deps.clock.monotonicMs());
    await next();
    const { requestId, arrivedMs, served } = c.var;
    recordServed(deps, served, { requestId, arrivedMs, peerAddress: peerOf(incoming) });
  });
  app.all(tokenPath, async (c) => {
    const { incoming } = c.env;
    const { arrivedMs } = c.var;
    const gone = c.req.raw.signal;
    const arrival = { raw: rawOf(incoming), peerAddress: peerOf(incoming), arrivedMs, gone };
    return respond(c, deps, await serveToken(deps, arrival));
  });
  app.notFound((c) => respond(c, deps, refused(refuseUnserved(c.env.incoming.url ?? ""))));
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

function reasonsNotReady({ draining, resources, notReady }: AppDeps): readonly string[] {
  const isStale = resources.ageSeconds() > longestStalenessSeconds;
  return [
    ...(draining.aborted ? ["the agent is stopping"] : []),
    ...(isStale ? ["the API server has not been heard for more than 5 minutes"] : []),
    ...notReady(),
  ];
}

function rawOf(incoming: IncomingMessage): RawRequest {
  const { method = "", url = "", headersDistinct } = incoming;
  return { method, target: url, headers: headersDistinct };
}

/** Empty when the client is already gone. */
function peerOf(incoming: IncomingMessage): string {
  return incoming.socket.remoteAddress ?? "";
}
