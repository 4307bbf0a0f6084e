import { isRestError } from "@azure/core-rest-pipeline";

import { toError } from "../runtime/to-error.ts";
import { AzureError } from "./errors.ts";
import { retryAfterSeconds } from "../runtime/retry-after.ts";
import { safeText } from "./safe-text.ts";

export interface ComputeFailure {
  /**
   * notFound: the VM is gone. deleting: it is about to, so nothing was sent. conflict: another change is running.
   * throttled: 429. refused: 4xx that will not heal by itself; `identities` names the culprits when ARM
   * did. forbidden: podid itself is refused, whatever it asks of this target. unavailable: outcome unknown.
   */
  readonly kind: "notFound" | "deleting" | "conflict" | "throttled" | "refused" | "forbidden" | "unavailable";
  readonly retryAfterSeconds: number | null;
  readonly identities: readonly string[];
  readonly detail: string;
}

export type ComputeResult =
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
    };

/** An error as ARM puts it, in an answer or in the body of an operation. */
export interface ArmError {
  /** null inside an operation, whose own answer was a 200. */
  readonly status: number | null;
  readonly code: string;
  readonly message: string;
  readonly retryAfter: string | undefined;
}

const identityID =
  /\/subscriptions\/[\w-]+\/resourceGroups\/[^/'"\s]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[\w-]+/gi;

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

/** Sorts an error of ARM (azure.md §4.2; reliability.md Z1–Z8). `nowMs` is for dates in Retry-After. */
export function armFailure(error: ArmError, nowMs: number): ComputeFailure {
  const ids = [...error.message.matchAll(identityID)].map(([id]) => id);
  return {
    kind: kindOf(error),
    retryAfterSeconds: retryAfterSeconds(error.retryAfter, nowMs),
    identities: [...new Map(ids.map((id) => [id.toLowerCase(), id])).values()],
    detail: safeText(`${placeOf(error)} ${error.code}: ${error.message}`),
  };
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

/** A call whose outcome is not known: the machine has to be read before anything is repeated. */
export function unknownOutcome(detail: string): ComputeFailure {
  return { kind: "unavailable", retryAfterSeconds: null, identities: [], detail };
}

/** Sorts whatever an ARM call threw: the SDK's RestError, an abort, or podid's own login. */
export function thrownFailure(thrown: unknown, nowMs: number): ComputeFailure {
  if (isRestError(thrown) && thrown.statusCode !== undefined) {
    const { statusCode: status, code = "", message, response } = thrown;
    // The SDK quotes the body of an answer that is no JSON.
    const text = code === "PARSE_ERROR" ? "the answer is no JSON" : message;
    return armFailure(
      { status, code, message: text, retryAfter: response?.headers.get("retry-after") },
      nowMs,
    );
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
