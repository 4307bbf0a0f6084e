import { z } from "zod";

import type { HttpAnswer, HttpExchange } from "./http.ts";
import { parseJson } from "./json.ts";
import { retryAfterSeconds } from "../runtime/retry-after.ts";
import { safeText } from "./safe-text.ts";
import { failed, type TokenFailure, type TokenResult } from "./token-result.ts";

/** v2 answers carry integers, v1 and some proxies the same as text (azure.md §3.2). */
const tokenSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.union([z.string().regex(/^\d{1,9}$/), z.int().nonnegative()]).transform(Number),
});

const errorSchema = z.object({
  error: z.string().optional(),
  error_description: z.string().optional(),
  error_codes: z.array(z.int()).optional(),
});

/** The AADSTS codes that pass, though Entra sends them as 4xx (azure.md §3.2); all others are final. */
const passingCodes: ReadonlyMap<number, TokenFailure["kind"]> = new Map([
  [50196, "throttled"], // client loop
  [90055, "throttled"], // tenant throttled
  [90033, "unavailable"], // transient
  [700024, "unavailable"], // assertion outside its time range: clock skew
  [70021, "unavailable"], // no matching federated credential yet
  [7000272, "unavailable"], // its signing key is not known yet
]);

interface Asked {
  /** Unix milliseconds. */
  readonly sentAtMs: number;
  readonly nowMs: number;
  /** What must not be quoted. */
  readonly secrets: readonly string[];
}

/** Turns what came from Entra's token endpoint into a token or a failure (azure.md §3.2). */
export function judgeEntraAnswer(exchange: HttpExchange, asked: Asked): TokenResult {
  if (exchange.kind === "noAnswer") return failed("unavailable", `Entra did not answer: ${exchange.detail}`);
  return exchange.status === 200 ? readToken(exchange, asked.sentAtMs) : readError(exchange, asked);
}

function readToken(answer: HttpAnswer, sentAtMs: number): TokenResult {
  const parsed = tokenSchema.safeParse(parseJson(answer.body));
  if (!parsed.success) return failed("unavailable", "Entra answered 200 without a usable token");
  const notBeforeSeconds = Math.floor(sentAtMs / 1000);
  return {
    ok: true,
    token: {
      accessToken: parsed.data.access_token,
      expiresOnSeconds: notBeforeSeconds + parsed.data.expires_in,
      notBeforeSeconds,
    },
  };
}

function readError(answer: HttpAnswer, { nowMs, secrets }: Asked): TokenResult {
  const { status, headers, body } = answer;
  const parsed = errorSchema.safeParse(parseJson(body));
  const { error = "", error_description: description = "", error_codes: codes = [] } = parsed.data ?? {};
  const kind = kindOf(status, codes);
  const detail = safeText(`Entra answered ${status} ${error}: ${description || "no description"}`, secrets);
  const retryAfter = kind === "refused" ? null : retryAfterSeconds(headers["retry-after"], nowMs);
  return failed(kind, detail, retryAfter);
}

function kindOf(status: number, codes: readonly number[]): TokenFailure["kind"] {
  if (status === 429) return "throttled";
  const passing = codes.map((code) => passingCodes.get(code)).find((kind) => kind !== undefined);
  if (passing !== undefined) return passing;
  return status >= 400 && status < 500 && status !== 408 ? "refused" : "unavailable";
}
