import { z } from "zod";

import { KubernetesError, type KubernetesErrorCode } from "./errors.ts";

/** metav1.Status, as far as it tells one failure from another. */
const failure = z.object({
  code: z.number().optional().catch(undefined),
  message: z.string().catch(""),
  reason: z.string().catch(""),
  details: z
    .object({
      retryAfterSeconds: z.number().optional().catch(undefined),
      causes: z.array(z.object({ reason: z.string().catch("") })).catch([]),
    })
    .catch({ retryAfterSeconds: undefined, causes: [] }),
});
type Failure = z.infer<typeof failure>;

const longestDetail = 1000;

/**
 * The error for an answer of 400 or more. `body` is the answer's text, or the parsed object of an ERROR
 * frame; `what` names the request.
 */
export function errorOfStatus(
  what: string,
  answer: { readonly status?: number; readonly body: unknown; readonly retryAfterMs?: number | null },
): KubernetesError {
  const given = failure.safeParse(
    typeof answer.body === "string" ? parseJson(answer.body) : answer.body,
  ).data;
  const text = typeof answer.body === "string" ? answer.body : "";
  const status = answer.status ?? given?.code ?? 500;
  const detail = (given?.message || text || given?.reason || "no reason given")
    .trim()
    .slice(0, longestDetail);
  const seconds = given?.details.retryAfterSeconds;
  return new KubernetesError(codeOf(status, given), `${what}: ${status} ${detail}`, {
    retryAfterMs: answer.retryAfterMs ?? (seconds === undefined ? null : seconds * 1000),
  });
}

function codeOf(status: number, given: Failure | undefined): KubernetesErrorCode {
  switch (status) {
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 409:
      return given?.reason === "AlreadyExists" ? "AlreadyExists" : "Conflict";
    case 410:
      return "Expired";
    case 429:
      return "Throttled";
    case 500:
      // A field or type that the schema does not have, said by server-side apply (reference/kubernetes.md §2.2).
      return given?.message.startsWith("failed to create typed patch object") === true
        ? "Invalid"
        : "Unreachable";
    default:
      if (given?.details.causes.some(({ reason }) => reason === "ResourceVersionTooLarge")) return "Expired";
      return status >= 400 && status < 500 ? "Invalid" : "Unreachable";
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
