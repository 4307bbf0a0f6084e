import { Client, type Dispatcher, Pool } from "undici";

import type { Connection, TlsSettings } from "./connection.ts";
import { readWhole, type WholeAnswer } from "./whole-answer.ts";

/** One request as it goes over the wire. */
export interface WireRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Asked at the moment at which a socket takes the request; when it throws, nothing goes out. */
  readonly beforeSend?: (() => void) | undefined;
}
/** Its body is still to come. */
export type OpenAnswer = Dispatcher.ResponseData;

/** The sockets to one API server. */
export interface Transport {
  /** Sends over the pool. @throws what undici throws, or the signal's reason. */
  send(request: WireRequest, signal: AbortSignal): Promise<WholeAnswer>;
  /** Sends over a connection that nothing else uses; `destroy` ends it, whatever state it is in. */
  sendAlone(
    request: WireRequest,
    signal: AbortSignal,
  ): Promise<{ readonly answer: OpenAnswer; readonly destroy: () => Promise<void> }>;
  close(): Promise<void>;
}

const connectTimeoutMs = 5_000;
/** Behind the deadlines of the callers, which run on the injected clock. */
const answerTimeoutMs = 90_000;
/** Longer than between two of our probes, shorter than the server's own 90 s: no handshake for each of them. */
const idleTimeoutMs = 60_000;
/** With the kernel's probes a dead peer is noticed after 41 s (reference/kubernetes.md §5.1 item 8). */
const keepAliveMs = 30_000;

/** Makes the pool with the first request, and a new one whenever the connection's TLS settings changed. */
export function createTransport(connection: Connection, connections: number): Transport {
  const { origin, pathname } = new URL(connection.url);
  const base = pathname === "/" ? "" : pathname;
  let current: { readonly pool: Pool; readonly tls: TlsSettings } | undefined;
  const alone = new Set<Client>();

  const pool = async (): Promise<Pool> => {
    const tls = await connection.tls();
    if (current?.tls === tls) return current.pool;
    const old = current;
    current = { tls, pool: new Pool(origin, { ...poolOptions, connections, connect: connectOptions(tls) }) };
    // Requests under way finish; the new ones go by what is trusted now.
    void old?.pool.close();
    return current.pool;
  };
  return {
    send: async (request, signal) =>
      readWhole(await pool(), wire(base, request), { signal, beforeSend: request.beforeSend }),
    sendAlone: (request, signal) => sendAlone({ connection, base, alone }, request, signal),
    close: async () => {
      const old = current;
      current = undefined;
      await Promise.all([old?.pool.destroy(), ...[...alone].map((client) => client.destroy())]);
      alone.clear();
    },
  };
}

interface Alone {
  readonly connection: Connection;
  readonly base: string;
  /** The clients of connections that nothing else uses. */
  readonly alone: Set<Client>;
}

async function sendAlone(
  { connection, base, alone }: Alone,
  request: WireRequest,
  signal: AbortSignal,
): ReturnType<Transport["sendAlone"]> {
  const connect = connectOptions(await connection.tls());
  // Silence is judged by the reader.
  const client = new Client(new URL(connection.url).origin, { ...poolOptions, connect, bodyTimeout: 0 });
  alone.add(client);
  const destroy = (): Promise<void> => {
    alone.delete(client);
    return client.destroy();
  };
  try {
    return { answer: await client.request({ ...wire(base, request), signal }), destroy };
  } catch (thrown) {
    await destroy();
    throw thrown;
  }
}

function connectOptions(tls: TlsSettings) {
  return { ...tls, timeout: connectTimeoutMs, keepAliveInitialDelay: keepAliveMs };
}

const poolOptions = {
  // Over HTTP/2 a blackholed server was not noticed in 526 s (reference/kubernetes.md §5.1 item 8).
  allowH2: false,
  headersTimeout: answerTimeoutMs,
  bodyTimeout: answerTimeoutMs,
  keepAliveTimeout: idleTimeoutMs,
} as const;

function wire(base: string, { method, path, headers, body }: WireRequest) {
  return { method, path: `${base}${path}`, headers: { ...headers }, body };
}
