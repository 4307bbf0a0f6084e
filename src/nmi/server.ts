import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";

import type { Clock } from "../runtime/clock.ts";
import { toResponse, type NmiEnv } from "./app.ts";
import { refusalAnswer, type Answer } from "./response.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Node's own limits are 60 s, 300 s and none at all (reference/reliability.md S13). */
const limits = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;
const mostRequestsPerSocket = 100;
const mostConnections = 4_096;
/** How long requests in flight may take to end when the daemon stops (reference/reliability.md N9). */
const drainMs = 5_000;

const malformed: Answer = refusalAnswer({
  kind: "invalidRequest",
  description: "the request is malformed",
  reasons: [],
});

/**
 * Listens for `app`. Requests that are too broken to reach it are answered here, as JSON too.
 * @throws the listen error, e.g. EADDRINUSE.
 */
export async function listen(app: Hono<NmiEnv>, address: ListenAddress): Promise<Server> {
  const listener = requestListener(app);
  const server = createServer({ ...limits, requireHostHeader: false }, (incoming, outgoing) => {
    // It answers every fault itself: its promise never rejects.
    void listener(incoming, outgoing);
  });
  server.maxRequestsPerSocket = mostRequestsPerSocket;
  server.maxConnections = mostConnections;
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end(rawAnswer(malformed));
    else socket.destroy();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(address.port, address.host, resolve);
  await promise;
  server.off("error", reject);
  return server;
}

/** Where a server listens in the end. */
export function addressOf(server: Server): ListenAddress {
  const bound: AddressInfo | string | null = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server does not listen on a port");
  return { host: bound.address, port: bound.port };
}

/** Stops accepting, lets requests in flight end within 5 s on `clock`, then closes what is left. */
export async function closeServer(server: Server, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  const cancel = clock.after(drainMs, () => server.closeAllConnections());
  await promise;
  cancel();
}

/**
 * `hostname` stands in for a missing Host header, so that the app refuses the request rather than the
 * adapter; the app reads the real headers.
 */
function requestListener(app: Hono<NmiEnv>): ReturnType<typeof getRequestListener> {
  return getRequestListener(app.fetch, {
    hostname: "podid.invalid",
    errorHandler: () => toResponse(malformed, { connection: "close" }),
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
  });
}

function rawAnswer({ body, headers }: Answer): string {
  const lines = Object.entries({ ...headers, "content-length": String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 400 Bad Request\r\nserver: podid\r\nconnection: close\r\n${head}\r\n${body}`;
}
