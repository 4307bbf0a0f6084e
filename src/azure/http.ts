import { request } from "undici";

import type { Clock } from "../runtime/clock.ts";
import { toError } from "../runtime/to-error.ts";
import { withDeadline } from "../runtime/deadline.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly kind: "answer";
  readonly status: number;
  /** Names in lower case; of a repeated header, the values joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came of one request; `detail` holds neither headers nor bodies. */
export type HttpExchange = HttpAnswer | { readonly kind: "noAnswer"; readonly detail: string };

/** Sends one request once: no retries, no redirects. */
export type HttpSender = (request: HttpRequest, signal: AbortSignal) => Promise<HttpExchange>;

/** Above IMDS's and Entra's own answer times under load, below the 50 s for which a pod is held. */
const requestLimitMs = 20_000;
/** Real token answers are below 10 KiB (reliability.md IM4). */
const bodyLimitBytes = 65_536;

/**
 * Makes a sender whose time limit runs on `clock`, for answers of at most `limitBytes`. It never throws: no answer is
 * an outcome too.
 */
export function createHttpSender(clock: Clock, limitBytes = bodyLimitBytes): HttpSender {
  return async (sent, signal) => {
    try {
      return await withDeadline(clock, requestLimitMs, signal, (bounded) => send(sent, bounded, limitBytes));
    } catch (thrown) {
      return { kind: "noAnswer", detail: toError(thrown).message };
    }
  };
}

async function send(sent: HttpRequest, signal: AbortSignal, limitBytes: number): Promise<HttpAnswer> {
  const { method, url, headers, body } = sent;
  const answer = await request(url, {
    method,
    headers: { ...headers },
    signal,
    ...(body === undefined ? {} : { body }),
  });
  return {
    kind: "answer",
    status: answer.statusCode,
    headers: plainHeaders(answer.headers),
    body: await readBody(answer.body, limitBytes),
  };
}

async function readBody(stream: AsyncIterable<Buffer>, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    // Leaving the loop by an exception destroys the stream, and with it the connection.
    if (bytes > limitBytes) throw new Error(`the answer is larger than ${limitBytes / 1024} KiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function plainHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
}
