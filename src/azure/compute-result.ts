import { isRestError } from "@azure/core-rest-pipeline";

import { toError } from "../runtime/to-error.ts";
import { AzureError } from "./errors.ts";
import { namedIdentities } from "./named-identities.ts";
import { retryAfterSeconds } from "../runtime/retry-after.ts";
import { safeText } from "./safe-text.ts";

export interface ComputeFailure {
  /**
   * notFound: the VM is gone. deleting: it is about to, so nothing was sent. conflict: another change is running.
   * throttled: 429. refused: 4xx that will not heal by itself; `identities` names the culprits when ARM
   * did: those that were sent as they were sent, and others as ARM wrote them. forbidden: podid itself is refused, whatever it asks of this target. unavailable: outcome unknown.
   */
  readonly kind: "notFound" | "deleting" | "conflict" | "throttled" | "refused" | "forbidden" | "unavailable";
  readonly retryAfterSeconds: number | null;
  readonly identities: readonly string[];
  readonly detail: string;
}

/** What became of the `unsent` identities of a change. */
export interface Sought {
  /** Those that somebody else has put on the target. */
  readonly found?: readonly string[];
  /** Those of which no request that may have done anything has asked, with those found. */
  readonly unsent?: readonly string[];
}

export type ComputeResult = Sought &
  (
    | {
        readonly ok: true;
        readonly identities: readonly string[];
        /** Those of `identities` that are immutable and stay although they were to be removed. */
        readonly kept?: readonly string[];
      }
    | {
        readonly ok: false;
        readonly failure: ComputeFailure;
        /** What is on the target all the same, when that could be read: an earlier request may have done its part. */
        readonly identities?: readonly string[];
      }
  );

/** An error as ARM puts it, in an answer or in the body of an operation. */
export interface ArmError {
  /** null inside an operation, whose own answer was a 200. */
  readonly status: number | null;
  readonly code: string;
  readonly message: string;
  readonly retryAfter: string | undefined;
  /** The `details` of the error, whatever they are; the SDK keeps none of those in an answer. */
  readonly details?: unknown;
}

/** Codes that name the identities at fault, or the request itself (azure.md §4.1). */
const refusedCodes = new Set([
  "LinkedAuthorizationFailed",
  "FailedIdentityOperation",
  "InvalidIdentityValues",
  "InvalidParameter",
]);

const kindsOfStatus: ReadonlyMap<number, ComputeFailure["kind"]> = new Map([
  [401, "forbidden"],
  [404, "notFound"],
  [408, "unavailable"],
  [409, "conflict"],
  [412, "conflict"],
  [429, "throttled"],
]);

/**
 * Sorts an error of ARM (azure.md §4.2; reliability.md Z1–Z8). `nowMs` is for dates in Retry-After; `sent` are the
 * identities that the request was about.
 */
export function armFailure(error: ArmError, nowMs: number, sent: readonly string[] = []): ComputeFailure {
  const inMessage = namedIdentities(error.message, sent);
  return {
    kind: kindOf(error),
    retryAfterSeconds: retryAfterSeconds(error.retryAfter, nowMs),
    // Details may go far beyond the culprits.
    identities: inMessage.length > 0 ? inMessage : namedIdentities(textsIn(error.details).join("\n"), sent),
    detail: safeText(`${placeOf(error)} ${error.code}: ${error.message}`),
  };
}

function textsIn(json: unknown): readonly string[] {
  if (typeof json === "string") return [json];
  return typeof json === "object" && json !== null ? Object.values(json).flatMap(textsIn) : [];
}

function placeOf({ status }: ArmError): string {
  return status === null ? "ARM's operation failed with" : `ARM answered ${status}`;
}

function kindOf({ status, code }: ArmError): ComputeFailure["kind"] {
  if (refusedCodes.has(code)) return "refused";
  // No role on the target; a role missing on an identity is LinkedAuthorizationFailed.
  if (code === "AuthorizationFailed") return "forbidden";
  if (status === null)
    return code === "Conflict" || code === "OperationNotAllowed" ? "conflict" : "unavailable";
  return kindsOfStatus.get(status) ?? (status >= 400 && status < 500 ? "refused" : "unavailable");
}

/** Whether ARM refused what `thrown` is about because the resource has another etag by now. */
export function isOutdatedEtag(thrown: unknown): boolean {
  return isRestError(thrown) && thrown.statusCode === 412;
}

/** A call whose outcome is not known: the machine has to be read before anything is repeated. */
export function unknownOutcome(detail: string): ComputeFailure {
  return { kind: "unavailable", retryAfterSeconds: null, identities: [], detail };
}

/** Sorts whatever an ARM call about `sent` threw: the SDK's RestError, an abort, or podid's own login. */
export function thrownFailure(thrown: unknown, nowMs: number, sent: readonly string[] = []): ComputeFailure {
  if (isRestError(thrown) && thrown.statusCode !== undefined) {
    const { statusCode: status, code = "", message, response } = thrown;
    // The SDK quotes the body of an answer that is no JSON.
    const text = code === "PARSE_ERROR" ? "the answer is no JSON" : message;
    const retryAfter = response?.headers.get("retry-after");
    return armFailure({ status, code, message: text, retryAfter }, nowMs, sent);
  }
  if (thrown instanceof AzureError && thrown.code === "login-refused") {
    return { ...unknownOutcome(thrown.message), kind: "forbidden" };
  }
  if (thrown instanceof AzureError && thrown.code === "arm-paused") {
    const { message: detail, retryAfterSeconds: seconds } = thrown;
    return { kind: "throttled", retryAfterSeconds: seconds, identities: [], detail };
  }
  if (thrown instanceof AzureError && thrown.code === "lease-lost") return unknownOutcome(thrown.message);
  const error = toError(thrown);
  const reason = isRestError(error) ? (error.code ?? "connection failed") : error.message;
  return unknownOutcome(`ARM did not answer: ${safeText(reason)}`);
}
