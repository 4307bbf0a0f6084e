import assert from "node:assert/strict";
import { request, type IncomingHttpHeaders } from "node:http";

import type { Limits } from "../../../src/engine/decision.ts";
import type { Decider } from "../../../src/engine/engine.ts";
import { createNmi, type Nmi, type NmiOptions } from "../../../src/nmi/nmi.ts";
import type { PlatformMetadata, TokenResult, TokenSource, UpstreamToken } from "../../../src/nmi/ports.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createMetrics, type Metrics } from "../../../src/runtime/metrics.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createMemoryResources, type MemoryResources } from "./memory-resources.ts";
import { createWindowDecider, type CustomRules } from "./window-decider.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Readonly<Record<string, string>>;
}

export interface Ask {
  /** Source address: which pod asks. */
  readonly from: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Azure as the daemon sees it: mints tokens for `lifetimeSeconds`, unless told to answer otherwise. */
export interface FakeAzure extends TokenSource, PlatformMetadata {
  /** `identity resource` of each token call. */
  readonly calls: string[];
  lifetimeSeconds: number;
  /** Runs before each answer; what it returns, if anything, is the answer. */
  onAcquire: () => Promise<TokenResult | undefined> | TokenResult | undefined;
  /** What it was asked for beside tokens, and what it answers. */
  readonly metadataCalls: object[];
  onMetadata: () => Promise<FakeMetadata> | FakeMetadata;
}

type FakeMetadata = Awaited<ReturnType<PlatformMetadata["fetchMetadata"]>>;

type LogLine = Readonly<Record<string, unknown>>;

/** The whole daemon on loopback, over a store, a policy and an Azure that behave. */
export interface Daemon {
  readonly clock: SimulatedClock;
  readonly resources: MemoryResources;
  readonly azure: FakeAzure;
  /** Parsed log lines. */
  readonly lines: readonly LogLine[];
  /** The next line that is logged from now on. */
  nextLine(): Promise<LogLine>;
  readonly nmi: Nmi;
  readonly metrics: Metrics;
  readonly port: number;
  ask(ask: Ask): Promise<HttpAnswer>;
  /** Asks for a token the way SDKs do. */
  askToken(from: string, query?: string, signal?: AbortSignal): Promise<HttpAnswer>;
}

export const tokenPath = "/metadata/identity/oauth2/token";
export const vault = "https://vault.azure.net";

export async function startDaemon(options: {
  readonly at: string;
  readonly limits?: Limits;
  readonly custom?: CustomRules;
  readonly nmi?: Partial<NmiOptions>;
  /** In place of one that judges classic bindings and their windows. */
  readonly decider?: (resources: MemoryResources) => Decider;
  readonly metrics?: Metrics;
}): Promise<Daemon> {
  const clock = createSimulatedClock(Date.parse(options.at));
  const resources = createMemoryResources();
  const azure = createFakeAzure(clock);
  const lines: LogLine[] = [];
  let next = Promise.withResolvers<LogLine>();
  const write = (text: string): void => {
    const line: LogLine = JSON.parse(text);
    lines.push(line);
    next.resolve(line);
    next = Promise.withResolvers();
  };
  const metrics = options.metrics ?? createMetrics();
  const nmi = createNmi({
    clock,
    log: createLog({ clock, level: "info", component: "nmi", destination: { write } }),
    node: "node-1",
    resources,
    decider: options.decider?.(resources) ?? createWindowDecider(resources, options.limits, options.custom),
    tokens: azure,
    platform: azure,
    metrics,
    options: { hosts: ["169.254.169.254", "127.0.0.1"], ...options.nmi },
  });
  const { port } = await nmi.listen({ host: "127.0.0.1", port: 0 });
  const ask = (what: Ask): Promise<HttpAnswer> => send(port, what);
  return {
    clock,
    resources,
    azure,
    lines,
    nextLine: () => next.promise,
    nmi,
    metrics,
    port,
    ask,
    askToken: (from, query = "", signal) => {
      const path = `${tokenPath}?api-version=2018-02-01&resource=${encodeURIComponent(vault)}${query}`;
      return ask({ from, path, headers: { metadata: "true" }, ...(signal === undefined ? {} : { signal }) });
    },
  };
}

function createFakeAzure(clock: SimulatedClock): FakeAzure {
  const azure: FakeAzure = {
    calls: [],
    lifetimeSeconds: 24 * 3600,
    onAcquire: () => undefined,
    acquire: async ({ identity, resource }) => {
      azure.calls.push(`${identity.name} ${resource}`);
      const answer = await azure.onAcquire();
      if (answer !== undefined) return answer;
      return { ok: true, token: mintToken(Math.floor(clock.nowMs() / 1000), azure.lifetimeSeconds) };
    },
    fetchToken: ({ resource }) =>
      Promise.resolve({ status: 200, body: `{"raw":"${resource}"}`, retryAfterSeconds: null }),
    metadataCalls: [],
    onMetadata: () => ({
      status: 200,
      contentType: "application/json; charset=utf-8",
      body: '{"vmId":"1"}',
      retryAfterSeconds: null,
    }),
    fetchMetadata: ({ path, apiVersion, format }) => {
      azure.metadataCalls.push({ path, apiVersion, format });
      return Promise.resolve(azure.onMetadata());
    },
  };
  return azure;
}

/** An unsigned JWT of Unix second `now`, living for `lifetimeSeconds`. */
export function mintToken(now: number, lifetimeSeconds: number): UpstreamToken {
  const exp = now + lifetimeSeconds;
  const accessToken = `${base64url({ alg: "RS256" })}.${base64url({ exp, nbf: now })}.c2lnbmF0dXJl`;
  return { accessToken, expiresOnSeconds: exp, notBeforeSeconds: now };
}

function send(port: number, { from, path, method = "GET", headers, body, signal }: Ask): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const outgoing = request(
    {
      host: "127.0.0.1",
      port,
      localAddress: from,
      path: path ?? tokenPath,
      method,
      agent: false,
      ...(headers === undefined ? {} : { headers }),
      ...(signal === undefined ? {} : { signal }),
    },
    (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const isJson = incoming.headers["content-type"]?.startsWith("application/json") === true;
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text,
          json: isJson && text !== "" ? JSON.parse(text) : {},
        });
      });
    },
  );
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** The answer to a request that is answered `delayMs` late, and not before. */
export async function answerAfter<T>(
  { clock }: Pick<Daemon, "clock">,
  delayMs: number,
  ask: () => Promise<T>,
): Promise<T> {
  const waits = clock.timerStarted();
  const asked = ask();
  const state = { isAnswered: false };
  void asked.then(() => (state.isAnswered = true));
  await waits;
  clock.advance(delayMs - 1);
  await new Promise<void>((resolve) => void setImmediate(resolve));
  assert.equal(state.isAnswered, false);
  clock.advance(1);
  return asked;
}
