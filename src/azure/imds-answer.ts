import { z } from "zod";

import type { HttpAnswer, HttpExchange } from "./http.ts";
import { parseJson } from "./json.ts";
import { retryAfterSeconds } from "../runtime/retry-after.ts";
import { safeText } from "./safe-text.ts";
import { failed, type TokenResult } from "./token-result.ts";

const unixSeconds = z.union([z.string().regex(/^\d{1,12}$/), z.int().nonnegative()]).transform(Number);

/** IMDS's success body (azure.md §1.5); which of the id fields are there depends on what was asked. */
const tokenSchema = z.object({
  access_token: z.string().min(1),
  expires_on: unixSeconds,
  not_before: unixSeconds.optional(),
  resource: z.string(),
  client_id: z.string().optional(),
  object_id: z.string().optional(),
  msi_res_id: z.string().optional(),
});

const errorSchema = z.object({ error: z.string().optional(), error_description: z.string().optional() });

/** The one parameter that tells IMDS which identity is meant. */
export interface IdentitySelector {
  readonly parameter: "client_id" | "msi_res_id" | "object_id";
  readonly value: string;
}

interface Asked {
  /** null: whichever identity the machine has by itself. */
  readonly selector: IdentitySelector | null;
  readonly resource: string;
  /** Unix milliseconds at which the answer came. */
  readonly nowMs: number;
}

/**
 * Turns what came from IMDS into a token or a failure (azure.md §2, §3.4; reliability.md IM1–IM5). A token for
 * another identity or resource than asked is never passed on.
 */
export function judgeImdsAnswer(exchange: HttpExchange, asked: Asked): TokenResult {
  if (exchange.kind === "noAnswer") return failed("unavailable", `IMDS did not answer: ${exchange.detail}`);
  return exchange.status === 200 ? readToken(exchange, asked) : readError(exchange, asked.nowMs);
}

function readToken(answer: HttpAnswer, asked: Asked): TokenResult {
  const parsed = tokenSchema.safeParse(parseJson(answer.body));
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
    return failed("unavailable", `IMDS answered 200 without a usable token (${fields || "no JSON"})`);
  }
  const { access_token: accessToken, expires_on: expiresOnSeconds, not_before, resource } = parsed.data;
  if (!sameText(resource, withoutDefaultScope(asked.resource))) {
    return failed("unavailable", `IMDS answered with a token for another resource: ${safeText(resource)}`);
  }
  const stranger = asked.selector && strangerIn(parsed.data, asked.selector);
  if (stranger !== null) return failed("unavailable", `IMDS answered for another identity: ${stranger}`);
  const notBeforeSeconds = not_before ?? Math.floor(asked.nowMs / 1000);
  return { ok: true, token: { accessToken, expiresOnSeconds, notBeforeSeconds } };
}

function strangerIn(token: z.infer<typeof tokenSchema>, selector: IdentitySelector): string | null {
  const { parameter, value } = selector;
  const answered = token[parameter];
  return answered === undefined || sameText(answered, value) ? null : `${parameter} ${safeText(answered)}`;
}

function readError(answer: HttpAnswer, nowMs: number): TokenResult {
  const { status, headers, body } = answer;
  const parsed = errorSchema.safeParse(parseJson(body));
  const { error = "", error_description: description = "" } = parsed.data ?? {};
  const detail = safeText(`IMDS answered ${status} ${error}: ${description || "no description"}`);
  if (status === 400 && /identity not found/i.test(description)) return failed("identityNotFound", detail);
  const retryAfter = retryAfterSeconds(headers["retry-after"], nowMs);
  if (status === 429) return failed("throttled", detail, retryAfter);
  // 404: the endpoint is updating; 410: back within 70 s; both are documented as passing (azure.md §2).
  const definitive = status >= 400 && status < 500 && ![404, 408, 410].includes(status);
  return definitive ? failed("refused", detail) : failed("unavailable", detail, retryAfter);
}

/** MSAL drops the suffix of a scope before it asks IMDS, which knows resources only. */
function withoutDefaultScope(resource: string): string {
  return resource.replace("/.default", "");
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
