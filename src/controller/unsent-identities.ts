/**
 * Identities that an object answers for while ARM has not been asked for them yet. One that is on the machine all the same
 * has been put there by somebody else, so that it has to stay (DESIGN §3). What a process forgets when it ends is taken
 * for ours.
 */
export interface UnsentIdentities {
  add(target: string, id: string): void;
  has(target: string, id: string): boolean;
  /** They go to ARM now, or nowhere. */
  drop(target: string, ids: readonly string[]): void;
}

/** Knows of none yet. Ids are compared without regard to letter case. */
export function createUnsentIdentities(): UnsentIdentities {
  const unsent = new Set<string>();
  return {
    add: (target, id) => void unsent.add(keyOf(target, id)),
    has: (target, id) => unsent.has(keyOf(target, id)),
    drop: (target, ids) => {
      for (const id of ids) unsent.delete(keyOf(target, id));
    },
  };
}

/** No resource id holds a space. */
function keyOf(target: string, id: string): string {
  return `${target} ${id}`.toLowerCase();
}
