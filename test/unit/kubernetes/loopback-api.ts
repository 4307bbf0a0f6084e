import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { TestContext } from "node:test";

import { createApiClient, type ApiClientOptions } from "../../../src/kubernetes/api-client.ts";
import type { KubernetesApi } from "../../../src/kubernetes/api.ts";
import type { Connection } from "../../../src/kubernetes/connection.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Loopback {
  readonly api: KubernetesApi;
  readonly seen: readonly Seen[];
  /** Connections that were made so far. */
  readonly connections: () => number;
  readonly url: string;
}

/** A client of a server on loopback that answers as `answer` says, for one test. */
export async function useLoopback(
  t: TestContext,
  answer: (seen: Seen, response: ServerResponse, count: number) => void,
  options: Partial<Omit<ApiClientOptions, "connection">> & {
    readonly connection?: (url: string) => Connection;
  } = {},
): Promise<Loopback> {
  const seen: Seen[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    void (async () => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const { method = "", url = "", headers } = request;
      seen.push({ method, url, headers, body });
      answer({ method, url, headers, body }, response, seen.length);
    })();
  });
  server.on("connection", () => void (connections += 1));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const url = `http://127.0.0.1:${address.port}`;
  const connection = options.connection?.(url) ?? connectionTo(url);
  const api = createApiClient({
    clock: createSystemClock(),
    userAgent: "podid/1.2.3",
    ...options,
    connection,
  });
  t.after(async () => {
    await api.close();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { api, seen, url, connections: () => connections };
}

/** Plain HTTP with a fixed token. */
export function connectionTo(
  url: string,
  authorization: Connection["authorization"] = async () => "Bearer t",
): Connection {
  const tls = {};
  return { url, namespace: "default", tls: async () => tls, authorization };
}

/** A token that there is once. */
export async function failToRenew(renew: boolean): Promise<string> {
  return renew ? Promise.reject(new Error("no token")) : "Bearer t";
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** A metav1.Status as servers send it. */
export function statusBody(code: number, reason: string, message: string): unknown {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
}
