import { firstThatWorks } from "./first-that-works.ts";
import { guardForwardInIptables } from "./iptables-backend.ts";
import { guardForwardInNft } from "./nft-backend.ts";
import type { RedirectMode } from "./choice.ts";
import type { Commands, Terms } from "./ports.ts";

/**
 * Keeps pods from the metadata address before anything else is known: the part of the rules that needs no more. Where
 * a whole guard stands nothing is changed, so that an agent that cannot start takes nothing from one that works.
 * Answers why pods are not kept from it, or null.
 */
export async function guardForward(
  commands: Commands,
  metadata: Terms["metadata"],
  mode: RedirectMode,
): Promise<string | null> {
  const ways = { nft: [guardForwardInNft], iptables: [guardForwardInIptables] } as const;
  const wanted = mode === "auto" ? [...ways.nft, ...ways.iptables] : ways[mode];
  const { found, problems } = await firstThatWorks(wanted, (guard) => guard(commands, metadata));
  return found === null ? problems.join("; ") : null;
}
