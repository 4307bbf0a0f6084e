import { createServer, type Server, type ServerResponse } from "node:http";

import type { Metrics } from "../../runtime/metrics.ts";
import { toError } from "../../runtime/to-error.ts";
import { CommandError } from "../errors.ts";
import { whenFree, type Waiting } from "./when-free.ts";

/** What a daemon says of itself to kubelet and Prometheus. */
export interface ProbeAnswers {
  /** Body of /healthz, whose status is always 200: whoever can answer lives. */
  health(): string;
  /** Why the daemon cannot do its work yet; empty when it can. */
  notReady(): readonly string[];
  /** What people should know though the daemon works. */
  notes(): readonly string[];
  /** What the daemon is at. */
  doing?(): string;
  readonly metrics: Metrics;
}

export interface ProbeServer {
  /** The port in use, by the port that was asked for. */
  readonly ports: readonly number[];
  close(): Promise<void>;
}

/** Where probes are served. */
export interface ProbePorts {
  readonly host: string;
  readonly ports: readonly number[];
  /** Whether others of the same user may listen there too (SO_REUSEPORT). */
  readonly isShared: boolean;
}

/**
 * Serves /healthz, /readyz and /metrics at each of the ports (aad-pod-identity had one for probes and one for
 * metrics; here both serve all).
 * @param inTurn how to wait for a port that is taken; null: not at all.
 * @returns null, with nothing served, when it is told to stop while it waits.
 * @throws CommandError 3 when a port cannot be had.
 */
export async function startProbeServer(
  { host, ports, isShared }: ProbePorts,
  answers: ProbeAnswers,
  inTurn: Waiting | null = null,
): Promise<ProbeServer | null> {
  const distinct = ports.filter((port, index) => port === 0 || ports.indexOf(port) === index);
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer));
  };
  try {
    // Those that listen are closed when a later one cannot.
    for (const port of distinct) {
      const open = () => listen({ host, port, reusePort: isShared && port !== 0 }, answers);
      // oxlint-disable-next-line no-await-in-loop
      const server = await (inTurn === null ? open() : whenFree(inTurn, "probes and metrics", open));
      // oxlint-disable-next-line no-await-in-loop -- it ends here
      if (server === null) return await close().then(() => null);
      servers.push(server);
    }
  } catch (cause) {
    await close();
    const problem = toError(cause).message;
    throw new CommandError(3, `the probe and metrics ports cannot be served: ${problem}`, { cause });
  }
  return { ports: servers.map(portOf), close };
}

async function listen(
  on: { readonly host: string; readonly port: number; readonly reusePort: boolean },
  answers: ProbeAnswers,
): Promise<Server> {
  const server = createServer({ headersTimeout: 5000, requestTimeout: 10_000 }, (incoming, outgoing) => {
    answer(incoming.url ?? "", outgoing, answers).catch(() => outgoing.destroy());
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(on, resolve);
  await promise;
  server.off("error", reject);
  return server;
}

async function answer(path: string, outgoing: ServerResponse, answers: ProbeAnswers): Promise<void> {
  const [route = ""] = path.split("?");
  if (route === "/healthz") return void outgoing.end(answers.health());
  if (route === "/readyz") {
    const reasons = answers.notReady();
    const body = JSON.stringify({
      ready: reasons.length === 0,
      reasons,
      notes: answers.notes(),
      doing: answers.doing?.(),
    });
    outgoing.writeHead(reasons.length === 0 ? 200 : 503, { "content-type": "application/json" }).end(body);
    return undefined;
  }
  if (route !== "/metrics") return void outgoing.writeHead(404).end();
  const { contentType, text } = await answers.metrics.render();
  outgoing.writeHead(200, { "content-type": contentType }).end(text);
  return undefined;
}

function portOf(server: Server): number {
  const address = server.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}

function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}
