import { renderReason, type ReasonCode } from "../engine/reasons.ts";
import { formatInstant } from "../timebox/instant.ts";
import type { NextChange } from "../timebox/next-change.ts";
import type { Refused } from "./decide.ts";
import type { TokenFailure } from "./ports.ts";
import type { Refusal, RefusalKind } from "./response.ts";

/** A refusal whose text is the code's own sentence. */
export function refuse(kind: RefusalKind, code: ReasonCode, detail?: string): Refusal {
  const text = detail ?? renderReason({ code, params: {} });
  return { kind, description: `${text} (${code})`, reasons: [code] };
}

/**
 * What aad-pod-identity answers with `--set-retry-after-header` when no identity is found: 503 with Retry-After 20,
 * for as long as one may still come (reference/aad-pod-identity.md §2.3 step 7). Other refusals stay what they are.
 */
export function asNotSelected(refusal: Refusal): Refusal {
  const { kind } = refusal;
  const isSelection = kind === "pending" || kind === "unbound" || kind === "identityNotFound";
  return isSelection ? { ...refusal, kind: "notSelected" } : refusal;
}

/**
 * The policy's no. Names the closed bindings and when the first of them opens, so that the reader knows
 * when to come back (reference/time-boxes.md §3.6). Without `opening`, or with one that is in force, the
 * refusal has another cause than time.
 */
export function denial(decision: Refused, opening: NextChange | null): Refusal {
  const reasons = codesOf(decision);
  if (opening === null || opening.inForce) {
    const description = decision.reasons.map((reason) => `${renderReason(reason)} (${reason.code})`);
    return { kind: "denied", description: description.join("; "), reasons };
  }
  const noun = decision.bindings.length === 1 ? "binding" : "bindings";
  const closed = `${noun} ${decision.bindings.join(", ")} not in force: ${reasons.join(", ")}`;
  const opensAt = opening.nextState === "open" ? opening.nextTransition : null;
  const description = opensAt === null ? closed : `${closed}; opens ${formatInstant(opensAt)}`;
  return { kind: "denied", description, reasons };
}

/** The identity is known and allowed, but not on the VM yet. */
export function assignmentPending(decision: Refused): Refusal {
  const description = decision.reasons.map((reason) => `${renderReason(reason)} (${reason.code})`).join("; ");
  return { kind: "pending", description, reasons: codesOf(decision) };
}

/** No identity of the pod fits the request. The words "Identity not found" are what .NET looks for. */
export function identityNotFound(kind: "pending" | "identityNotFound"): Refusal {
  return refuse(kind, "IdentityNotFound", "Identity not found");
}

/** A failed upstream call; "identityNotFound" means that IMDS lags behind an assignment. */
export function upstreamFailure(failure: TokenFailure): Refusal {
  const { kind, detail, retryAfterSeconds } = failure;
  switch (kind) {
    case "identityNotFound":
      return refuse("pending", "AssignmentPending", "Azure does not know the identity on this VM yet");
    case "refused":
      return refuse("upstreamRefused", "UpstreamRefused", detail);
    case "throttled":
      return {
        ...refuse("upstreamThrottled", "UpstreamThrottled"),
        ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
      };
    case "unavailable":
      return refuse("upstreamUnavailable", "UpstreamUnavailable", detail);
    case "credential":
      return refuse("upstreamUnavailable", "CredentialUnavailable", detail);
    case "unsupported":
      return refuse("denied", "UnsupportedIdentityType", detail);
    default:
      return kind satisfies never;
  }
}

function codesOf(decision: Refused): readonly ReasonCode[] {
  return decision.reasons.map((reason) => reason.code);
}
