import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { createPlatformMetadata } from "../../../src/azure/platform-metadata.ts";
import { createTokenSource } from "../../../src/azure/token-source.ts";
import { findCloud } from "../../../src/azure/cloud.ts";
import type { JournalEntry } from "../../../src/emulator/journal.ts";
import type { Decider } from "../../../src/engine/engine.ts";
import { createNmi, type Nmi } from "../../../src/nmi/nmi.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import type { SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { managed, readerClientID, startWorld } from "../../unit/azure/world.ts";
import { assigned, binding, createMemoryResources, identity, pod } from "../../unit/nmi/memory-resources.ts";
import { createWindowDecider } from "../../unit/nmi/window-decider.ts";

/** Source addresses: a pod with an identity, one that is excepted, one that nothing binds, and nobody. */
export const sources = {
  bound: "127.0.0.2",
  excepted: "127.0.0.3",
  unbound: "127.0.0.4",
  nobody: "127.0.0.5",
};

export interface FuzzWorld {
  readonly clock: SimulatedClock;
  readonly port: number;
  readonly imdsUrl: string;
  /** How often the policy said yes, by pod: to a token, or to an exception. */
  readonly allowed: ReadonlyMap<string, number>;
  journal(): readonly JournalEntry[];
  /** All that NMI logged. */
  log(): string;
}

/** A real listener over a policy that is recorded and an IMDS that keeps a journal; nobody waits for anything. */
export async function startFuzzWorld(
  t: TestContext,
  options: { readonly isForgetful?: boolean } = {},
): Promise<FuzzWorld> {
  const azure = await startWorld(t, { imdsRequestsPerSecond: 1e9, imdsConcurrentRequests: 1e3 });
  const { clock, imdsUrl, authorityUrl } = azure;
  const resources = createMemoryResources();
  const reader = identity("reader", { clientID: readerClientID, resourceID: managed("reader") });
  resources.put("AzureIdentity", reader);
  resources.put("AzureIdentityBinding", binding("plain", { azureIdentity: "reader", selector: "web" }));
  resources.put("Pod", pod("web", sources.bound));
  resources.put("Pod", pod("excepted", sources.excepted, { labels: { excepted: "true" } }));
  resources.put("Pod", pod("unbound", sources.unbound, { labels: {} }));
  resources.put("AzureAssignedIdentity", assigned("web", reader));
  const allowed = new Map<string, number>();
  const judged = recording(createWindowDecider(resources), allowed);
  const lines: string[] = [];
  const destination = { write: (line: string): void => void lines.push(line) };
  const nmi = createNmi({
    clock,
    log: createLog({ clock, level: "debug", component: "nmi", destination }),
    node: "node-1",
    resources,
    decider: options.isForgetful === true ? forgetful(judged) : judged,
    tokens: createTokenSource({
      clock,
      cloud: findCloud(""),
      endpoints: { imdsUrl, authorityUrl },
      readSecret: () => Promise.reject(new Error("no Secret here")),
    }),
    platform: createPlatformMetadata({ clock, imdsUrl }),
    metrics: createMetrics(),
    options: {
      holdPendingMs: 0,
      holdUnknownCallerMs: 0,
      holdUnboundMs: 0,
      identityGraceMs: 0,
      mostAtOncePerCaller: 1e6,
      burstPerCaller: 1e9,
    },
  });
  const { port } = await nmi.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => closeInTime(nmi, clock));
  return {
    clock,
    port,
    imdsUrl,
    allowed,
    journal: () => azure.emulator.journal.list(),
    log: () => lines.join(""),
  };
}

function recording(decider: Decider, allowed: Map<string, number>): Decider {
  return {
    decide: (entrypoint, input) => {
      const decision = decider.decide(entrypoint, input);
      const isYes = ("allow" in decision && decision.allow) || ("exempt" in decision && decision.exempt);
      if (isYes && "pod" in input) allowed.set(input.pod.name, (allowed.get(input.pod.name) ?? 0) + 1);
      return decision;
    },
  };
}

/** A planted bug: one question in twenty is answered by what was answered last, and nobody is asked. */
function forgetful(decider: Decider): Decider {
  let asked = 0;
  const last = new Map<string, unknown>();
  return {
    decide: (entrypoint, input) => {
      asked += 1;
      if (asked % 20 === 0 && last.has(entrypoint)) return Object(last.get(entrypoint));
      const answer = decider.decide(entrypoint, input);
      last.set(entrypoint, answer);
      return answer;
    },
  };
}

/** The planted bug: an agent that looks for the token route in the path and sends everything on as it came. */
export async function startForwarder(t: TestContext, imdsUrl: string): Promise<number> {
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const { hostname, port } = new URL(imdsUrl);
    const upstream = request(
      { hostname, port, method, path: url.replaceAll("\\", "/"), headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    upstream.on("error", () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port }: AddressInfo = Object(server.address());
  return port;
}

/** Connections that were left half asked are given time before they are cut: each timer that is set while closing is due. */
async function closeInTime(nmi: Nmi, clock: SimulatedClock): Promise<void> {
  const closed = new AbortController();
  const closing = nmi.close().finally(() => closed.abort());
  while (!closed.signal.aborted) {
    clock.advance(1000);
    await turn();
  }
  await closing;
}
