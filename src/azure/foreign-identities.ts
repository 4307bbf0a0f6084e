/** Tells which identities somebody else has put on a machine, while nothing that podid sent can have done so. */
export interface ForeignFinder {
  look(machine: { readonly userAssigned: readonly string[] }): void;
  /** From now on they may be there by a request of podid. */
  stop(): void;
  found(): readonly string[];
}

/** Looks for the identities `ids`, without regard to letter case. */
export function createForeignFinder(ids: readonly string[]): ForeignFinder {
  const sought = new Map(ids.map((id) => [id.toLowerCase(), id]));
  const found = new Set<string>();
  return {
    look: ({ userAssigned }) => {
      for (const id of userAssigned) {
        const asked = sought.get(id.toLowerCase());
        if (asked !== undefined) found.add(asked);
      }
    },
    stop: () => sought.clear(),
    found: () => [...found],
  };
}
