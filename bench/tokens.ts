// Wall time of a cached token request through NMI: loopback, real engine, real SDK-shaped request.
import { Agent, request } from "node:http";

import { shippedFiles } from "../src/cli/paths.ts";
import { startStack } from "../src/cli/stack.ts";
import { moveTo } from "../src/cli/demo/timeline.ts";
import { createSimulatedClock } from "../src/runtime/simulated-clock.ts";

export interface TokenRow {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of the whole process, client and emulator included. */
  readonly cpuMsPerRequest: number;
}

const pod = "shop/frontend-0";
/** Monday 00:10 in Berlin: the demo's window is open, so that every request is judged against a time box. */
const openMs = 1_781_475_000_000;
const minuteMs = 60_000;
const warmUp = 300;
const requests = 3000;

/** Measures against the demo's manifests, one request after the other on one connection. */
export async function measureCachedTokens(): Promise<TokenRow> {
  const clock = createSimulatedClock(openMs - 5 * minuteMs);
  const stack = await startStack({
    manifests: shippedFiles.demoManifests,
    clock,
    logDestination: { write: () => undefined },
    nmi: { hosts: ["127.0.0.1"] },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await moveTo(clock, openMs, stack.controller, new AbortController().signal);
    const found = stack.source.get("Pod", pod);
    const nmi = stack.nmis.get(found?.node ?? "");
    const [address] = found?.addresses ?? [];
    if (nmi === undefined || address === undefined) throw new Error(`the demo folder lacks ${pod}`);
    const ask = (): Promise<number> => askOnce({ agent, port: nmi.port, localAddress: address });
    for (let i = 0; i < warmUp; i += 1) await ask();
    const cpuBefore = process.cpuUsage();
    const times: number[] = [];
    for (let i = 0; i < requests; i += 1) times.push(await ask());
    const { user, system } = process.cpuUsage(cpuBefore);
    const sorted = times.toSorted((a, b) => a - b);
    const quantile = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
    return {
      requests,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      cpuMsPerRequest: (user + system) / 1000 / requests,
    };
  } finally {
    agent.destroy();
    await stack.close();
  }
}

function askOnce(target: {
  readonly agent: Agent;
  readonly port: number;
  readonly localAddress: string;
}): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...target,
        host: "127.0.0.1",
        path: "/metadata/identity/oauth2/token/?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net",
        headers: { Metadata: "true" },
      },
      (incoming) => {
        incoming.resume();
        incoming.on("end", () => {
          if (incoming.statusCode === 200) resolve(performance.now() - started);
          else reject(new Error(`NMI answered ${incoming.statusCode}`));
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}
