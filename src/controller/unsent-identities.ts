import type { Key } from "../engine/resources.ts";

/**
 * Identities for which this process has made an object, while ARM has never been asked for them. One that is on the machine
 * all the same was put there by somebody else, so that it has to stay (DESIGN §3). What a process forgets when it ends is
 * taken for podid's (docs/decisions/0021).
 */
export interface UnsentIdentities {
  /** `object` was made for it. */
  add(target: string, id: string, object: Key): void;
  has(target: string, id: string): boolean;
  /** The object that was made for it last, which may have gone since. */
  objectOf(target: string, id: string): Key | undefined;
  /** ARM has been asked for them, or may have been. */
  drop(target: string, ids: readonly string[]): void;
  /** Nothing is about the target any more. */
  forget(target: string): void;
}

/** Knows of none yet. Ids are compared without regard to letter case. */
export function createUnsentIdentities(): UnsentIdentities {
  const targets = new Map<string, Map<string, Key>>();
  const on = (target: string): Map<string, Key> | undefined => targets.get(target.toLowerCase());
  const objectOf: UnsentIdentities["objectOf"] = (target, id) => on(target)?.get(id.toLowerCase());
  return {
    objectOf,
    add: (target, id, object) => {
      const ids = on(target) ?? new Map<string, Key>();
      targets.set(target.toLowerCase(), ids.set(id.toLowerCase(), object));
    },
    has: (target, id) => objectOf(target, id) !== undefined,
    drop: (target, ids) => {
      for (const id of ids) on(target)?.delete(id.toLowerCase());
    },
    forget: (target) => void targets.delete(target.toLowerCase()),
  };
}
