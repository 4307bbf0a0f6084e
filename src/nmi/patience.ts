import type { Candidate } from "../engine/decision.ts";
import { keyOf } from "../engine/cluster-document.ts";
import type { Pod } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { parseInstant, toMs } from "../timebox/instant.ts";
import type { RecentChanges } from "./recent-changes.ts";

/**
 * How long "no such identity" may still be a matter of moments: the pod is new, or one of its bindings
 * or their identities has just changed (reference/azure.md §1.7). 0: it is definitive.
 */
export function identityGraceLeftMs(
  deps: { readonly clock: Clock; readonly recent: RecentChanges; readonly identityGraceMs: number },
  pod: Pod,
  candidates: readonly Candidate[],
): number {
  const { clock, recent, identityGraceMs } = deps;
  const started = parseInstant(pod.startTime ?? "");
  // A pod that does not say when it started is as young as its last change.
  const podAgeMs = started === undefined ? null : clock.nowMs() - toMs(started);
  const agesMs = candidates
    .flatMap(({ binding, identity }) => [
      recent.ageMs("AzureIdentityBinding", binding),
      recent.ageMs("AzureIdentity", identity),
    ])
    .concat(podAgeMs ?? recent.ageMs("Pod", keyOf(pod)))
    .filter((ageMs) => ageMs !== null);
  return Math.max(0, identityGraceMs - Math.min(Number.POSITIVE_INFINITY, ...agesMs));
}
