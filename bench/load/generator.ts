// Child process of the load bench: sends requests at the times that a plan says, whether or not earlier ones have been
// answered, and measures each from when it was due (no coordinated omission). Argument: a Plan as JSON.
import { connect, type Socket } from "node:net";

import { createPodClient } from "./pod-client.ts";

/** What one generator does. Pods are source addresses of 127.0.0.0/8. */
export interface Plan {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  /** 0: all at once, one for each address. */
  readonly perSecond: number;
  readonly seconds: number;
  /** Not counted, at the same pace. */
  readonly warmUpSeconds: number;
  /** Requests beyond are not sent but counted: a flood ends where the machine does. */
  readonly mostOpen: number;
  /** Sockets that are opened and say half a request, again whenever they are closed. */
  readonly slowSockets: number;
}

export interface Outcome {
  readonly due: number;
  readonly notSent: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds from when a request was due to the end of its answer; null without any answer. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly worstMs: number | null;
  /** From when it was sent: without the generator's own lag, which on two cores is much of the above beside a flood. */
  readonly p99SentMs: number | null;
  /** How late the generator itself was at worst. */
  readonly worstLagMs: number;
}

const [planText = ""] = process.argv.slice(2);
const plan: Plan = JSON.parse(planText);
process.stdout.write(JSON.stringify(await run()), () => process.exit(0));

async function run(): Promise<Outcome> {
  const clients = plan.addresses.map((localAddress) => createPodClient({ ...plan, localAddress }));
  const slow = Array.from({ length: plan.slowSockets }, () => holdSlowSocket());
  const statuses: Record<string, number> = {};
  const latenciesMs: number[] = [];
  const sentLatenciesMs: number[] = [];
  const state = { due: 0, open: 0, notSent: 0, worstLagMs: 0 };
  const began = performance.now();
  const warm = began + plan.warmUpSeconds * 1000;

  const send = async (index: number, dueAt: number): Promise<void> => {
    const isCounted = dueAt >= warm;
    if (isCounted) state.due += 1;
    if (state.open >= plan.mostOpen) {
      if (isCounted) state.notSent += 1;
      return;
    }
    state.open += 1;
    const sentAt = performance.now();
    const status = (await clients[index % clients.length]?.ask()) ?? "error";
    state.open -= 1;
    if (!isCounted) return;
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (status === "error") return;
    latenciesMs.push(performance.now() - dueAt);
    sentLatenciesMs.push(performance.now() - sentAt);
  };

  const asked: Promise<void>[] = [];
  if (plan.perSecond === 0) for (const index of clients.keys()) asked.push(send(index, began));
  const total = plan.perSecond * (plan.warmUpSeconds + plan.seconds);
  for (let next = 0; next < total; await tick()) {
    const now = performance.now();
    for (; next < total; next += 1) {
      const dueAt = began + (next * 1000) / plan.perSecond;
      if (dueAt > now) break;
      if (dueAt >= warm) state.worstLagMs = Math.max(state.worstLagMs, now - dueAt);
      asked.push(send(next, dueAt));
    }
  }
  if (plan.perSecond === 0 && plan.slowSockets > 0) await wait(plan.seconds * 1000);
  await Promise.all(asked);
  for (const end of slow) end();
  for (const client of clients) client.close();
  const { due, notSent, worstLagMs } = state;
  const latencies = {
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    worstMs: quantile(latenciesMs, 1),
    p99SentMs: quantile(sentLatenciesMs, 0.99),
  };
  return { due, notSent, statuses, ...latencies, worstLagMs };
}

function quantile(values: readonly number[], q: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(q * sorted.length) - 1] ?? null;
}

/** Says the first half of a request and waits, again and again. */
function holdSlowSocket(): () => void {
  const [localAddress = "127.0.0.1"] = plan.addresses;
  let isOver = false;
  let socket: Socket;
  const open = (): void => {
    socket = connect({ host: plan.host, port: plan.port, localAddress }, () => {
      socket.write(`GET ${plan.path} HTTP/1.1\r\nHost: ${plan.host}\r\nMetadata: tr`);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      if (!isOver) setTimeout(open, 50);
    });
  };
  open();
  return () => {
    isOver = true;
    socket.destroy();
  };
}

function tick(): Promise<void> {
  return wait(1);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
