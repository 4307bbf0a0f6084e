import type { Sought } from "./compute-result.ts";

/**
 * Follows identities that podid has asked ARM for never: one that is on the machine all the same was put there by somebody
 * else. As soon as a request that may have done anything names one, nobody can tell any more.
 */
export interface ForeignFinder {
  look(machine: { readonly userAssigned: readonly string[] }): void;
  /** A request that may have done something asked for `ids`. */
  sent(ids: readonly string[]): void;
  /** Whether there are any of which no request has asked yet. */
  isSeeking(): boolean;
  /** What has become of them; nothing when none were looked for. */
  outcome(): Sought;
}

/** Looks for the identities `ids`, without regard to letter case. */
export function createForeignFinder(ids: readonly string[]): ForeignFinder {
  const unsent = new Map(ids.map((id) => [id.toLowerCase(), id]));
  let present: ReadonlySet<string> = new Set();
  return {
    look: ({ userAssigned }) => {
      present = new Set(userAssigned.map((id) => id.toLowerCase()));
    },
    sent: (some) => {
      for (const id of some) unsent.delete(id.toLowerCase());
    },
    isSeeking: () => unsent.size > 0,
    outcome: () => {
      if (ids.length === 0) return {};
      const found = [...unsent].flatMap(([key, id]) => (present.has(key) ? [id] : []));
      return { found, unsent: [...unsent.values()] };
    },
  };
}
