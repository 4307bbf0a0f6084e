// How long after a change a request that waits for it is answered: loopback, the shipped policy, a store in memory.
import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import { shippedFiles } from "../../src/cli/paths.ts";
import { readPolicy } from "../../src/cli/policy.ts";
import { createClusterDecider } from "../../src/engine/cluster-decider.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { createNmi, type Nmi } from "../../src/nmi/nmi.ts";
import { createSystemClock } from "../../src/runtime/clock.ts";
import { createSilentLog } from "../../src/runtime/log.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { judged } from "../../test/integration/policy-faults/judged.ts";
import { mintToken } from "../../test/unit/nmi/daemon.ts";
import {
  assigned,
  binding,
  createMemoryResources,
  identity,
  pod,
  type MemoryResources,
} from "../../test/unit/nmi/memory-resources.ts";
import { podsOnNode } from "./node.ts";

export interface WaitingRow {
  readonly what: string;
  readonly p50Ms: number;
  readonly worstMs: number;
}

/** Of so many pods the assignment is seen one by one, of the others all at once. */
const oneByOne = 30;
const reader = identity("reader");
const timeBox = {
  openWhen: "Schedule",
  timeZone: "Europe/Berlin",
  windows: [{ times: [{ start: "00:00", end: "24:00" }] }],
};

/** 110 pods wait for their assignments; the identity's token is known by then, as from an earlier pod. */
export async function measureWaiting(): Promise<readonly WaitingRow[]> {
  const resources = createMemoryResources();
  const { nmi, port } = await startNmi(resources);
  resources.put("AzureIdentity", reader);
  resources.put(
    "AzureIdentityBinding",
    binding("plain", { azureIdentity: "reader", selector: "web", timeBox }),
  );
  const agent = new Agent({ keepAlive: true });
  try {
    const assign = (name: string): void => resources.put("AzureAssignedIdentity", assigned(name, reader));
    const pods = Array.from({ length: podsOnNode + 1 }, (_, i) => ({
      name: `p${i}`,
      from: `127.1.0.${i + 1}`,
    }));
    for (const { name, from } of pods)
      resources.put("Pod", pod(name, from, { labels: { aadpodidbinding: "web" } }));
    const [first, ...others] = pods;
    if (first === undefined) return [];
    assign(first.name);
    await ask(agent, port, first.from);
    const answers = others.map(({ name, from }) => ({ name, answeredAt: ask(agent, port, from) }));
    await allHeld(resources, podsOnNode);
    const single: number[] = [];
    for (const { name, answeredAt } of answers.slice(0, oneByOne)) {
      const seenAt = performance.now();
      assign(name);
      single.push((await answeredAt) - seenAt);
    }
    const rest = answers.slice(oneByOne);
    const seenAt = performance.now();
    for (const { name } of rest) assign(name);
    const together = (await Promise.all(rest.map(({ answeredAt }) => answeredAt))).map((at) => at - seenAt);
    return [
      rowOf(`one of ${podsOnNode} that wait, ${oneByOne} times`, single),
      rowOf(`${rest.length} at once`, together),
    ];
  } finally {
    agent.destroy();
    await nmi.close();
  }
}

async function startNmi(resources: MemoryResources): Promise<{ readonly nmi: Nmi; readonly port: number }> {
  const clock = createSystemClock();
  const engine = await createEngine(await readPolicy(shippedFiles.bundle), clock);
  const nmi = createNmi({
    clock,
    log: createSilentLog(),
    node: "node-1",
    resources,
    decider: createClusterDecider(engine, judged(resources)),
    tokens: {
      acquire: async () => ({ ok: true, token: mintToken(Math.floor(clock.nowMs() / 1000), 86_400) }),
    },
    platform: {
      fetchToken: () => Promise.reject(new Error("nobody is excepted")),
      fetchMetadata: () => Promise.reject(new Error("nobody reads metadata")),
    },
    metrics: createMetrics(),
  });
  const { port } = await nmi.listen({ host: "127.0.0.1", port: 0 });
  return { nmi, port };
}

/** Whoever waits listens to the store. */
async function allHeld(resources: MemoryResources, count: number): Promise<void> {
  while (resources.listenerCount() < count) await delay(5);
  await delay(50);
}

/** When the answer was there. */
function ask(agent: Agent, port: number, localAddress: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r";
  const headers = { host: "169.254.169.254", metadata: "true" };
  request({ agent, host: "127.0.0.1", port, localAddress, path, headers }, (incoming) => {
    incoming.resume();
    incoming.on("end", () =>
      incoming.statusCode === 200
        ? resolve(performance.now())
        : reject(new Error(`NMI answered ${incoming.statusCode}`)),
    );
  })
    .on("error", reject)
    .end();
  return promise;
}

function rowOf(what: string, timesMs: readonly number[]): WaitingRow {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return {
    what,
    p50Ms: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    worstMs: sorted.at(-1) ?? Number.NaN,
  };
}
