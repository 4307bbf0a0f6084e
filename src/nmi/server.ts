import { createServer, type Server } from "node:http";
import { Server as NetServer, type AddressInfo } from "node:net";

import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";

import type { Clock } from "../runtime/clock.ts";
import type { NmiEnv } from "./app.ts";
import { followConnections, type ConnectionBounds, type Connections } from "./connections.ts";
import { refusalAnswer, type Answer } from "./response.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Where to listen. */
export interface ListenOn extends ListenAddress {
  /**
   * Whether others of the same user may listen there too (SO_REUSEPORT, Linux), so that the next daemon serves before
   * this one stops. A port that the kernel chooses is not shared.
   */
  readonly isShared?: boolean;
}

/** A server that listens. */
export interface TokenServer {
  readonly address: ListenAddress;
  /**
   * Lets the requests in flight end within 5 s, and only then stops accepting: who cannot be answered by
   * another daemon yet is answered by this one. `giveUp` is to have the rest answered at once; what is left is cut.
   */
  close(giveUp: () => void): Promise<void>;
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
/**
 * Connections that the kernel keeps until they are accepted, where net.core.somaxconn lets it. One is accepted in a turn
 * of the event loop; those that find no room come again after 1, 3 and 7 s.
 */
const backlog = mostConnections;
/** Twice what one caller may have under way; the rest is for probes and connections that are kept. */
export const mostConnectionsPerAddress = 200;
const connectionBounds: ConnectionBounds = {
  mostPerAddress: mostConnectionsPerAddress,
  cutAfterMs: 1_000,
  unreadMs: 70_000,
};
/** How long requests in flight may take to end when the daemon stops (reference/reliability.md N9). */
const drainMs = 5_000;
/** How long their answers may take to leave when they are given up. */
const lastWordMs = 200;
/** How long a connection that was accepted last may take to ask. */
const silentMs = 1_000;
/**
 * How often a server looks again whether connections are waiting to be accepted, before it stops to: fewer than may wait,
 * since new ones come meanwhile and would keep it from ending.
 */
const mostTurns = 1_000;

const malformed: Answer = refusalAnswer({
  kind: "invalidRequest",
  description: "the request is malformed",
  reasons: [],
});

/**
 * Listens for `app`. Requests that are too broken to reach it are answered here, as JSON too.
 * @throws the listen error, e.g. EADDRINUSE.
 */
export async function listen(
  { app, clock }: { readonly app: Hono<NmiEnv>; readonly clock: Clock },
  on: ListenOn,
  bounds = connectionBounds,
): Promise<TokenServer> {
  const listener = requestListener(app);
  const server = createServer({ ...limits, requireHostHeader: false }, (incoming, outgoing) => {
    // The listener answers every fault itself: its promise never rejects.
    if (connections.admit(incoming.socket, outgoing)) void listener(incoming, outgoing);
  });
  // Node would answer 417, without a body, what expects something that it does not know; nothing here depends on it.
  server.on("checkExpectation", (incoming, outgoing) => void server.emit("request", incoming, outgoing));
  server.maxRequestsPerSocket = mostRequestsPerSocket;
  server.maxConnections = mostConnections;
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end(rawAnswer(malformed));
    else socket.destroy();
  });
  const connections = followConnections(server, clock, bounds);
  const { host, port, isShared = false } = on;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host, port, backlog, reusePort: isShared && port !== 0 }, resolve);
  await promise;
  server.off("error", reject);
  return {
    address: addressOf(server),
    close: (giveUp) => close({ server, connections, clock, giveUp }),
  };
}

/** Where a server listens in the end. */
export function addressOf(server: Server): ListenAddress {
  const bound: AddressInfo | string | null = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server does not listen on a port");
  return { host: bound.address, port: bound.port };
}

interface Closing {
  readonly server: Server;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly giveUp: () => void;
}

async function close({ server, connections, clock, giveUp }: Closing): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancelGivingUp = clock.after(drainMs, giveUp);
  const cancelLate = clock.after(drainMs + lastWordMs, late.resolve);
  await Promise.race([connections.answered(), late.promise]);
  await acceptWaiting(connections);
  const closed = Promise.withResolvers<void>();
  // Not http's own way to close: that cuts connections which were accepted a moment ago and are about to ask.
  NetServer.prototype.close.call(server, () => closed.resolve());
  connections.closeAnswered();
  const cancelSilent = clock.after(silentMs, () => connections.closeSilent());
  void late.promise.then(() => server.closeAllConnections());
  await closed.promise;
  cancelGivingUp();
  cancelLate();
  cancelSilent();
  // It is closed: this ends http's timer.
  server.close();
}

/** The kernel resets connections that it has taken and we have not, so that there should be none when the port is closed. */
async function acceptWaiting(connections: Connections): Promise<void> {
  for (let turns = 0; turns < mostTurns; turns += 1) {
    const before = connections.count();
    // oxlint-disable-next-line no-await-in-loop -- one turn after the other is the point
    await turnOfLoop();
    if (connections.count() === before) return;
  }
}

/** A whole one: the first immediate may run before the loop has looked for connections at all. */
async function turnOfLoop(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(() => setImmediate(resolve)));
}

/**
 * `hostname` stands in for a missing Host header, so that the app refuses the request rather than the
 * adapter; the app reads the real headers.
 */
function requestListener(app: Hono<NmiEnv>): ReturnType<typeof getRequestListener> {
  return getRequestListener(app.fetch, {
    hostname: "podid.invalid",
    errorHandler: () =>
      new Response(malformed.body, {
        status: 400,
        headers: { server: "podid", ...malformed.headers, connection: "close" },
      }),
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
  });
}

function rawAnswer({ body, headers }: Answer): string {
  const lines = Object.entries({ ...headers, "content-length": String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 400 Bad Request\r\nserver: podid\r\nconnection: close\r\n${head}\r\n${body}`;
}
