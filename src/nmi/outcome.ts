import type { TokenDecision } from "../engine/decision.ts";
import { statusOfRefusal, type RefusalKind } from "./response.ts";

/** What kind of answer a refused decision becomes, once waiting is over. */
export function refusalKindOf(
  decision: Extract<TokenDecision, { allow: false }>,
): Extract<RefusalKind, "denied" | "pending" | "unbound" | "identityNotFound"> {
  if (decision.outcome !== "unknown") return decision.outcome;
  const isUnbound = decision.reasons.some(({ code }) => code === "NoMatchingBinding");
  return isUnbound ? "unbound" : "identityNotFound";
}

/** The HTTP status that a pod gets for a decision, waiting and the upstream call left aside. */
export function statusOf(decision: TokenDecision): number {
  return decision.allow ? 200 : statusOfRefusal(refusalKindOf(decision));
}
