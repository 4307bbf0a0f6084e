import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { BlockList, isIP } from "node:net";

import type { Clock } from "../runtime/clock.ts";
import { EmulatorError } from "./errors.ts";
import type { JournalFacts, JournalWriter, ListenerName } from "./journal.ts";
import { httpTime } from "./times.ts";

/** A request whose body has arrived. */
export interface EmulatorRequest {
  readonly method: string;
  /** Path and query exactly as sent. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An answer; `json` is sent as it is serialized, without it the body is empty. */
export interface EmulatorResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** For the journal, not for the client. */
  readonly facts?: JournalFacts;
}

export type Handler = (request: EmulatorRequest) => EmulatorResponse | Promise<EmulatorResponse>;

export interface Listener {
  /** Without a trailing slash. */
  readonly url: string;
  close(): Promise<void>;
}

interface ListenOptions {
  readonly host: string;
  readonly name: ListenerName;
  readonly clock: Clock;
  readonly journal: JournalWriter;
  readonly handle: Handler;
}

/** The largest body any emulated endpoint takes; 150 identities in one PATCH are about 40 kB. */
const maxBodyBytes = 1_048_576;

/**
 * Returns `host` when it is a loopback address.
 * @throws EmulatorError not-loopback for anything else, names included: tokens of the emulator must
 * not be had from the network (azure.md §7.1).
 */
export function requireLoopback(host: string): string {
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8, "ipv4");
  loopback.addAddress("::1", "ipv6");
  const family = isIP(host);
  if (family !== 0 && loopback.check(host, family === 4 ? "ipv4" : "ipv6")) return host;
  throw new EmulatorError(
    "not-loopback",
    `emulator host "${host}" is not a loopback address: use 127.0.0.1 or ::1`,
  );
}

/** Serves `handle` over plain HTTP on a free port of `host` and writes each answer to the journal. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const server = createServer((request, response) => void serve(options, request, response));
  server.listen({ host: requireLoopback(options.host), port: 0 });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new EmulatorError("not-listening", `emulator listener ${options.name} has no TCP address`);
  }
  const authority = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${authority}:${address.port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  options: ListenOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const method = incoming.method ?? "GET";
  const target = incoming.url ?? "/";
  const answer = await answerTo(options.handle, method, target, incoming);
  options.journal.add({ listener: options.name, method, target, status: answer.status, ...answer.facts });
  const body = answer.json === undefined ? "" : JSON.stringify(answer.json);
  outgoing.writeHead(answer.status, {
    ...(body === "" ? {} : { "content-type": "application/json; charset=utf-8" }),
    "content-length": Buffer.byteLength(body),
    // The header follows the emulator's clock: clients that measure skew see none (azure.md §7.7).
    date: httpTime(options.clock.nowMs()),
    ...answer.headers,
  });
  outgoing.end(body);
}

async function answerTo(
  handle: Handler,
  method: string,
  target: string,
  incoming: IncomingMessage,
): Promise<EmulatorResponse> {
  try {
    const body = await readBody(incoming);
    if (body === null) return { status: 413, json: { error: "request body too large" } };
    const [path = "/"] = target.split("?", 1);
    const query = new URLSearchParams(target.slice(path.length));
    return await handle({ method, target, path, query, headers: incoming.headers, body });
  } catch {
    // Either the client went away or the emulator has a fault; the cause could quote a secret.
    return { status: 500, json: { error: "server_error", error_description: "the emulator failed" } };
  }
}

/** Null when the body is too large; it is read to its end all the same, or the answer would meet a closed connection. */
async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.byteLength;
    if (sizeBytes <= maxBodyBytes) chunks.push(bytes);
  }
  return sizeBytes <= maxBodyBytes ? Buffer.concat(chunks).toString("utf8") : null;
}
