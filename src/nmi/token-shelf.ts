import { keyOf } from "../engine/cluster-document.ts";
import type { AzureIdentity, Key } from "../engine/resources.ts";
import type { Entry } from "./token-entry.ts";

/** Entries that nobody has asked for this long are dropped: nobody may have the right to them any more. */
const idleMs = 60 * 60_000;
const limits = { entries: 2_000, bytes: 8 * 1024 * 1024, entriesOfIdentity: 200 } as const;
/** Of an entry beside its token and its key. */
const overheadBytes = 512;

interface Kept {
  readonly entry: Entry;
  readonly identity: Key;
  readonly facts: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** Entries by identity and resource, bounded in number and bytes; what was used longest ago goes first. */
export interface TokenShelf {
  /** The entry, which counts as used now (monotonic). */
  use(place: Place, nowMs: number): Entry | undefined;
  put(place: Place, entry: Entry, nowMs: number): void;
  drop(place: Place): void;
  /** Drops what belongs to other facts of this identity; all of it when it has none any more. */
  keepOnly(identity: Key, facts: string | null): void;
  dropIdle(nowMs: number): void;
}

/** Where an entry stands. */
export interface Place {
  readonly identity: Key;
  /** Every fact that decides which token Azure gives. */
  readonly facts: string;
  readonly id: string;
}

/** The place of an identity's token for `resource`; an edited identity has others. */
export function placeOf(identity: AzureIdentity, resource: string): Place {
  const facts = factsOf(identity);
  return { identity: keyOf(identity), facts, id: JSON.stringify([keyOf(identity), facts, resource]) };
}

/** Every fact that decides which token Azure gives, so that an edited identity misses the cache. */
export function factsOf({ spec }: AzureIdentity): string {
  const { type, clientID, objectID, tenantID, resourceID, adEndpoint, clientPassword } = spec;
  return JSON.stringify([type, clientID, objectID, tenantID, resourceID, adEndpoint, clientPassword]);
}

interface Shelf {
  /** Used longest ago first. */
  readonly all: Map<string, Kept>;
  readonly idsOf: Map<Key, Set<string>>;
  bytes: number;
}

/** Makes an empty shelf. */
export function createTokenShelf(): TokenShelf {
  const shelf: Shelf = { all: new Map(), idsOf: new Map(), bytes: 0 };
  return {
    use: ({ id }, nowMs) => {
      dropIdle(shelf, nowMs);
      const kept = shelf.all.get(id);
      if (kept === undefined) return undefined;
      shelf.all.delete(id);
      shelf.all.set(id, { ...kept, usedMs: nowMs });
      return kept.entry;
    },
    put: ({ id, identity, facts }, entry, usedMs) => {
      const bytes = overheadBytes + 2 * id.length + (entry.token?.accessToken.length ?? 0);
      add(shelf, id, { entry, identity, facts, bytes, usedMs });
    },
    drop: ({ id }) => remove(shelf, id),
    keepOnly: (identity, facts) => {
      for (const id of shelf.idsOf.get(identity) ?? [])
        if (shelf.all.get(id)?.facts !== facts) remove(shelf, id);
    },
    dropIdle: (nowMs) => dropIdle(shelf, nowMs),
  };
}

function dropIdle(shelf: Shelf, nowMs: number): void {
  for (const [id, { usedMs }] of shelf.all) {
    if (nowMs - usedMs < idleMs) return;
    remove(shelf, id);
  }
}

function add(shelf: Shelf, id: string, kept: Kept): void {
  remove(shelf, id);
  shelf.all.set(id, kept);
  shelf.bytes += kept.bytes;
  const ids = (shelf.idsOf.get(kept.identity) ?? new Set<string>()).add(id);
  shelf.idsOf.set(kept.identity, ids);
  // One pod that asks for ever new resources must not push out what the others have.
  const [oldestOfIdentity] = ids;
  if (ids.size > limits.entriesOfIdentity && oldestOfIdentity !== undefined) remove(shelf, oldestOfIdentity);
  for (const oldest of shelf.all.keys()) {
    if (shelf.all.size <= limits.entries && shelf.bytes <= limits.bytes) return;
    remove(shelf, oldest);
  }
}

function remove(shelf: Shelf, id: string): void {
  const kept = shelf.all.get(id);
  if (kept === undefined) return;
  shelf.all.delete(id);
  shelf.bytes -= kept.bytes;
  const ids = shelf.idsOf.get(kept.identity);
  ids?.delete(id);
  if (ids?.size === 0) shelf.idsOf.delete(kept.identity);
}
