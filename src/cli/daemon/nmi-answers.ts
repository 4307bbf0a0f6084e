import type { NmiOptions } from "../../nmi/nmi.ts";
import { nmiFlags } from "./flags.ts";
import type { ParsedFlags } from "./go-flags.ts";

/** Four SDKs give up after 60 s (reference/azure.md §1.4), so nothing waits longer than this. */
const longestHoldMs = 50_000;

/** What NMI's flags say of its routes, and of how long and with what it answers. */
export function readAnswers(flags: ParsedFlags): Partial<NmiOptions> {
  const areas = flags.get(nmiFlags["metadata-paths"]);
  const blocksInstance = flags.get(nmiFlags["block-instance-metadata"]);
  return {
    servesHostToken: flags.get(nmiFlags["host-token-endpoint"]),
    metadataAreas: areas.filter((area) => !(blocksInstance && area === "instance")),
    retryAfterUnselected: flags.get(nmiFlags["set-retry-after-header"]),
    ...readPatience(flags),
  };
}

/**
 * aad-pod-identity looked `created` times for an identity that is on its way, and `created + assigned` times in all,
 * every `interval` seconds. Who set one of these had a length of the wait in mind, which is kept.
 */
function readPatience(flags: ParsedFlags): Partial<NmiOptions> {
  const created = nmiFlags["retry-attempts-for-created"];
  const assigned = nmiFlags["retry-attempts-for-assigned"];
  const interval = nmiFlags["find-identity-retry-interval"];
  if (![created, assigned, interval].some((flag) => flags.has(flag))) return {};
  const attempts = flags.get(created) + flags.get(assigned);
  return { holdPendingMs: Math.min(longestHoldMs, attempts * flags.get(interval) * 1000) };
}
