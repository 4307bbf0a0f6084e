// The load cases of reference/reliability.md §5.2, each against a daemon of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import type { Outcome, Plan } from "./generator.ts";
import { podsOnNode, startNode, type LoadedNode } from "./node.ts";

export interface LoadRow {
  readonly what: string;
  readonly due: number;
  readonly notSent: number;
  readonly statuses: string;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly worstMs: number | null;
  /** From when a request was sent rather than due. */
  readonly p99SentMs: number | null;
  /** Of one core, of the daemon; null where there is no span to speak of. */
  readonly cpuShare: number | null;
  readonly peakRssMiB: number;
  readonly upstreamCalls: number;
  readonly generatorLagMs: number;
}

const tokenPath =
  "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net";
const host = "169.254.169.254";

type Ask = Partial<Plan> & { readonly perSecond: number; readonly seconds: number };

/** L1: cached tokens at 500 and 1,000 a second, for managed identities and for service principals. */
export async function measureCached(seconds: number): Promise<readonly LoadRow[]> {
  const rows: LoadRow[] = [];
  for (const type of [0, 1] as const) {
    await withNode({ type }, async (node) => {
      for (const perSecond of [500, 1000]) {
        const name = type === 0 ? "managed identity" : "service principal";
        rows.push(
          await measure(node, `L1 cached, ${name}, ${perSecond}/s`, { perSecond, seconds, warmUpSeconds: 3 }),
        );
      }
    });
  }
  return rows;
}

/** L1b: probes without the Metadata header. */
export async function measureProbes(seconds: number): Promise<readonly LoadRow[]> {
  return withNode({ type: 0 }, async (node) => [
    await measure(node, "L1b probes, 2000/s", {
      perSecond: 2000,
      seconds,
      warmUpSeconds: 2,
      headers: { host },
    }),
  ]);
}

/** L2: every pod at once, nothing cached, eight pairs behind them, IMDS at 100 ms. */
export async function measureCold(): Promise<readonly LoadRow[]> {
  return withNode({ type: 0, imdsLatencyMs: 100 }, async (node) => [
    await measure(node, `L2 cold, ${podsOnNode} at once`, { perSecond: 0, seconds: 0 }),
  ]);
}

/** L4: twenty pods at a modest pace, alone and beside one that misbehaves. */
export async function measureIsolation(seconds: number): Promise<readonly LoadRow[]> {
  return withNode({ type: 0 }, async (node) => {
    const [neighbour = "", ...others] = node.addresses;
    const modest = { addresses: others.slice(0, 20), perSecond: 40, seconds, warmUpSeconds: 2 };
    const flood = { addresses: [neighbour], perSecond: 5000, seconds: seconds + 4, mostOpen: 500 };
    const beside: Readonly<Record<string, Ask | null>> = {
      alone: null,
      "beside 5000 tokens/s of one pod": flood,
      "beside 5000 probes/s of one pod": { ...flood, headers: { host } },
      "beside 1000 slow sockets of one pod": {
        ...flood,
        addresses: [neighbour],
        perSecond: 0,
        slowSockets: 1000,
      },
    };
    const rows: LoadRow[] = [];
    for (const [name, other] of Object.entries(beside)) {
      const neighbourDone = other === null ? null : generate(node, other);
      rows.push(await measure(node, `L4 40/s of 20 pods, ${name}`, modest));
      const outcome = await neighbourDone;
      if (outcome !== null) rows.push(rowOf("   (the one pod)", outcome, null, node));
    }
    return rows;
  });
}

async function withNode<T>(
  options: Parameters<typeof startNode>[0],
  use: (node: LoadedNode) => Promise<T>,
): Promise<T> {
  const node = await startNode(options);
  try {
    return await use(node);
  } finally {
    await node.close();
  }
}

async function measure(node: LoadedNode, what: string, ask: Ask): Promise<LoadRow> {
  const began = performance.now();
  const { cpuMs } = node.use();
  const outcome = await generate(node, ask);
  const share = (node.use().cpuMs - cpuMs) / (performance.now() - began);
  return rowOf(what, outcome, ask.perSecond === 0 ? null : share, node);
}

function rowOf(what: string, outcome: Outcome, cpuShare: number | null, node: LoadedNode): LoadRow {
  const { statuses, worstLagMs, ...figures } = outcome;
  return {
    what,
    ...figures,
    statuses: Object.entries(statuses)
      .map(([status, count]) => `${count} × ${status}`)
      .join(", "),
    cpuShare,
    peakRssMiB: node.use().peakRssMiB,
    upstreamCalls: node.upstreamCalls(),
    generatorLagMs: worstLagMs,
  };
}

/** Runs a generator in a process of its own, so that it shares no loop with what it measures. */
async function generate(node: LoadedNode, ask: Ask): Promise<Outcome> {
  const plan: Plan = {
    host: node.host,
    port: node.port,
    path: tokenPath,
    headers: { host, metadata: "true" },
    addresses: node.addresses,
    warmUpSeconds: 0,
    mostOpen: 5000,
    slowSockets: 0,
    ...ask,
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, "generator.ts"), JSON.stringify(plan)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const output = await text(child.stdout);
  await exited;
  const outcome: Outcome = JSON.parse(output);
  return outcome;
}
