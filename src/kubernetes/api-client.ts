import { delay, type Clock } from "../runtime/clock.ts";
import { withDeadline } from "../runtime/deadline.ts";
import { createOwnSignals } from "../runtime/own-signals.ts";
import { parseHttpDate, retryAfterSeconds } from "../runtime/retry-after.ts";
import { toError } from "../runtime/to-error.ts";
import type { ApiCall, ApiWatch, KubernetesApi } from "./api.ts";
import type { Connection } from "./connection.ts";
import { KubernetesError } from "./errors.ts";
import type { JsonValue } from "./json.ts";
import { createRateLimit, type Rate } from "./rate-limit.ts";
import { parseJsonValue } from "./raw-object.ts";
import { createSlots } from "./slots.ts";
import { errorOfStatus } from "./status-error.ts";
import { createTransport, type OpenAnswer, type Transport, type WireRequest } from "./transport.ts";
import { splitLines } from "./watch-lines.ts";

export interface ApiClientOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** Such as `podid/0.1.0`. */
  readonly userAgent: string;
  /** For unary calls, which wait for a free one; a watch has a connection of its own. 8 unless said otherwise. */
  readonly connections?: number;
  /** Of unary calls; null for none, as for a lease. 20/s with bursts of 40 unless said otherwise. */
  readonly rate?: Rate | null;
}

const defaultDeadlineMs = 10_000;

/**
 * A client of one API server over HTTP/1.1 (reference/kubernetes.md §5.4). Make a second one for lease
 * traffic, so that it never waits for anything else.
 */
export function createApiClient(options: ApiClientOptions): KubernetesApi {
  const { clock, rate = { perSecond: 20, burst: 40 } } = options;
  const connections = options.connections ?? 8;
  const transport = createTransport(options.connection, connections);
  const slots = createSlots(connections);
  const limit = rate === null ? null : createRateLimit(clock, rate);
  const closing = new AbortController();
  const signals = createOwnSignals(closing.signal);
  const parts: Parts = { ...options, transport, skew: { ms: null }, readDate: createDateReader() };
  return {
    call: (call) =>
      signals.during(call.signal, (signal) =>
        explain(`${call.method} ${call.path}`, signal, async () => {
          // The wait for one's turn is not the server's fault.
          await limit?.take(signal);
          const release = await slots.take(signal, call.yields);
          try {
            return await withDeadline(clock, call.deadlineMs ?? defaultDeadlineMs, signal, (bounded) =>
              callRepeatedly(parts, { ...call, signal: bounded }),
            );
          } finally {
            release();
          }
        }),
      ),
    watch: async (watch) =>
      openWatch(parts, { ...watch, signal: AbortSignal.any([closing.signal, watch.signal]) }),
    clockSkewMs: () => parts.skew.ms,
    close: async () => {
      closing.abort(new KubernetesError("Unreachable", "the client is closed"));
      await transport.close();
    },
  };
}

interface Parts extends ApiClientOptions {
  readonly transport: Transport;
  readonly skew: { ms: number | null };
  readonly readDate: (text: string) => number | null;
}

/** A busy server says the same second hundreds of times. */
function createDateReader(): (text: string) => number | null {
  let last: { readonly text: string; readonly ms: number | null } = { text: "", ms: null };
  return (text) => {
    if (text !== last.text) last = { text, ms: parseHttpDate(text) };
    return last.ms;
  };
}

/** Gives every failure its code; aborts keep their own reason. */
async function explain<T>(what: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof KubernetesError) throw thrown;
    throw new KubernetesError("Unreachable", `${what}: ${toError(thrown).message}`, { cause: thrown });
  }
}

type AnswerHead = Pick<OpenAnswer, "statusCode" | "headers">;
type BoundCall = ApiCall & { readonly signal: AbortSignal };

async function callRepeatedly(parts: Parts, call: BoundCall): Promise<JsonValue | undefined> {
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- tried again when the server says so
      return await callOnce(parts, call);
    } catch (thrown) {
      // A write may have been done although the answer says otherwise: its caller decides.
      if (call.method !== "GET" || !(thrown instanceof KubernetesError) || thrown.retryAfterMs === null)
        throw thrown;
      if (thrown.code !== "Throttled" && thrown.code !== "Unreachable") throw thrown;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await delay(parts.clock, Math.max(thrown.retryAfterMs, 50), call.signal);
    }
  }
}

async function callOnce(parts: Parts, call: BoundCall): Promise<JsonValue | undefined> {
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  const type = body === null ? {} : { "content-type": call.bodyType ?? "application/json" };
  const { method, beforeSend } = call;
  const request = { method, path: pathOf(call), body, headers: type, beforeSend };
  const answer = await authorized(parts, request, (wire) => parts.transport.send(wire, call.signal));
  const { text } = answer;
  if (answer.statusCode >= 400) throw failureOf(parts, call, answer, text);
  if (text === "") return undefined;
  return isJson(answer) ? parse(call, text) : text;
}

async function openWatch(parts: Parts, watch: ApiWatch): Promise<AsyncIterable<string>> {
  const { signal } = watch;
  const request = { method: "GET" as const, path: pathOf(watch), body: null, headers: {} };
  const what = `watch of ${watch.path}`;
  return await explain(what, signal, () =>
    withDeadline(parts.clock, defaultDeadlineMs, signal, async (bounded) => {
      let destroy: (() => Promise<void>) | undefined;
      const end = async (): Promise<void> => destroy?.();
      try {
        const answer = await authorized(parts, request, async (wire) => {
          await end();
          const opened = await parts.transport.sendAlone(wire, bounded);
          destroy = opened.destroy;
          return opened.answer;
        });
        if (answer.statusCode === 200) return readLines(what, answer, signal, end);
        throw failureOf(parts, { method: "GET", path: watch.path }, answer, await answer.body.text());
      } catch (thrown) {
        await end();
        throw thrown;
      }
    }),
  );
}

/** An iteration that never begins ends with its signal; one that has begun, when it is left. */
function readLines(
  what: string,
  answer: OpenAnswer,
  signal: AbortSignal,
  destroy: () => Promise<void>,
): AsyncIterable<string> {
  const onAbort = (): void => void destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  const lines = async function* (): AsyncGenerator<string, void, undefined> {
    try {
      yield* splitLines(answer.body);
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof KubernetesError) throw thrown;
      throw new KubernetesError("Unreachable", `${what}: ${toError(thrown).message}`, { cause: thrown });
    } finally {
      signal.removeEventListener("abort", onAbort);
      await destroy();
    }
  };
  return lines();
}

/** Sends with the credentials of now; a 401 means that nothing was done, so new ones are tried once. */
async function authorized<T extends AnswerHead>(
  { connection, clock, userAgent, skew, readDate }: Parts,
  request: WireRequest,
  send: (request: WireRequest) => Promise<T>,
): Promise<T> {
  const attempt = async (renew: boolean): Promise<T> => {
    const authorization = await connection.authorization(renew);
    const headers = {
      // Asked for gzip, servers compress watch-lists too, and hold events back for it (§5.1 item 9).
      "accept-encoding": "identity",
      accept: "application/json",
      "user-agent": userAgent,
      ...(authorization === null ? {} : { authorization }),
      ...request.headers,
    };
    const sentMs = clock.nowMs();
    const answer = await send({ ...request, headers });
    const serverMs = readDate(headerOf(answer, "date") ?? "");
    // The header says whole seconds: on average half of one is missing.
    if (serverMs !== null) skew.ms = serverMs + 500 - (sentMs + clock.nowMs()) / 2;
    return answer;
  };
  const answer = await attempt(false);
  return answer.statusCode === 401 ? await attempt(true) : answer;
}

function failureOf(
  { clock }: Parts,
  call: Pick<ApiCall, "method" | "path">,
  answer: AnswerHead,
  body: string,
): KubernetesError {
  const seconds = retryAfterSeconds(headerOf(answer, "retry-after"), clock.nowMs());
  const retryAfterMs = seconds === null ? null : seconds * 1000;
  return errorOfStatus(`${call.method} ${call.path}`, { status: answer.statusCode, body, retryAfterMs });
}

function pathOf({ path, query = {} }: Pick<ApiCall, "path" | "query">): string {
  const text = new URLSearchParams(query).toString();
  return text === "" ? path : `${path}?${text}`;
}

function isJson(answer: AnswerHead): boolean {
  return headerOf(answer, "content-type")?.includes("json") ?? false;
}

function parse({ method, path }: ApiCall, text: string): JsonValue {
  const value = parseJsonValue(text);
  if (value !== undefined) return value;
  // Without the text: it may be a Secret's.
  throw new KubernetesError("Unreachable", `${method} ${path}: the answer is no JSON`);
}

function headerOf({ headers }: AnswerHead, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
