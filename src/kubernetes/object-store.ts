import { isJsonObject, isSameJson, type JsonObject } from "./json.ts";
import type { RawObject } from "./raw-object.ts";

/** A change of what the store shows; `object` is the one that came, or the last known of one that went. */
interface Delta<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: string;
  readonly uid: string;
  readonly object: T;
}

/** What an object is known by, whether or not its content can be used. */
export interface ObjectVersion {
  readonly uid: string;
  readonly resourceVersion: string;
}

export type Projected<T> =
  | { readonly ok: true; readonly object: T }
  | { readonly ok: false; readonly problem: string };

/** What a reflector writes into. */
export interface ReflectedStore {
  put(raw: RawObject): void;
  remove(raw: RawObject): void;
  /** Collects a whole new state beside the one that is served. */
  startSwap(): Swap;
  /** Every object that the server is known to have, by key. */
  versions(): ReadonlyMap<string, ObjectVersion>;
}

export interface Swap {
  put(raw: RawObject): void;
  remove(raw: RawObject): void;
  /** Puts the new state in the place of the old one, telling the differences; answers how many there were. */
  commit(): number;
}

/** The objects of one kind as the server last told them, projected; held by `namespace/name`. */
export interface ObjectStore<T> extends ReflectedStore {
  get(key: string): T | undefined;
  /** The same list until something changes. */
  list(): readonly T[];
  /** The status of an object whose kind `showsStatus`; undefined when it has none. */
  statusOf(key: string): JsonObject | undefined;
}

interface Held<T> extends ObjectVersion {
  /** Undefined when the content cannot be used: such an object is not shown. */
  readonly object: T | undefined;
  readonly status: JsonObject | undefined;
}

export interface ObjectStoreOptions<T> {
  readonly project: (content: JsonObject) => Projected<T>;
  /**
   * The projection leaves the status out, which can be had by itself. A change of nothing else is not told and
   * leaves the object the one that it was, also its `resourceVersion`: else each status that podid writes
   * would make it plan everything anew.
   */
  readonly showsStatus?: boolean;
  /** Hears of a change when reads can already see it. */
  readonly onDelta: (delta: Delta<T>) => void;
  /** Hears once of each object that cannot be used. */
  readonly onMalformed: (key: string, problem: string) => void;
}

interface Table<T> extends ObjectStoreOptions<T> {
  readonly held: Map<string, Held<T>>;
  /** Undefined when it has to be made anew. */
  shown: readonly T[] | undefined;
}

/** Makes an empty store. A malformed object is kept out, which takes an earlier usable state of it away. */
export function createObjectStore<T>(options: ObjectStoreOptions<T>): ObjectStore<T> {
  const table: Table<T> = { ...options, held: new Map(), shown: undefined };
  return {
    get: (key) => table.held.get(key)?.object,
    statusOf: (key) => table.held.get(key)?.status,
    list: () => (table.shown ??= [...table.held.values()].flatMap(visible)),
    versions: () => table.held,
    put: (raw) => {
      if (!isSame(table.held.get(raw.key), raw)) place(table, raw.key, read(table, raw));
    },
    remove: ({ key }) => drop(table, key),
    startSwap: () => startSwap(table),
  };
}

function startSwap<T>(table: Table<T>): Swap {
  const { held } = table;
  const collected = new Map<string, Held<T>>();
  return {
    put: (raw) => {
      const known = held.get(raw.key);
      // What has not changed is not projected again.
      collected.set(raw.key, known !== undefined && isSame(known, raw) ? known : read(table, raw));
    },
    remove: ({ key }) => void collected.delete(key),
    commit: () => {
      const gone = [...held.keys()].filter((key) => !collected.has(key));
      const changed = [...collected].filter(([key, next]) => !isSame(held.get(key), next));
      for (const key of gone) drop(table, key);
      for (const [key, next] of changed) place(table, key, next);
      return gone.length + changed.length;
    },
  };
}

function visible<T>({ object }: Held<T>): readonly T[] {
  return object === undefined ? [] : [object];
}

function read<T>(table: Table<T>, { key, uid, resourceVersion, content }: RawObject): Held<T> {
  const projected = table.project(content);
  const known = table.held.get(key);
  const { status: given } = content;
  const status = table.showsStatus === true && isJsonObject(given) ? given : undefined;
  if (projected.ok) {
    const isSameObject =
      table.showsStatus === true &&
      known?.uid === uid &&
      differsInVersionOnly(known.object, projected.object);
    return { uid, resourceVersion, status, object: isSameObject ? known.object : projected.object };
  }
  if (known?.uid !== uid || known.object !== undefined) table.onMalformed(key, projected.problem);
  return { uid, resourceVersion, status, object: undefined };
}

function differsInVersionOnly(a: unknown, b: unknown): boolean {
  return a !== undefined && isSameJson(unversioned(a), unversioned(b));
}

function unversioned(object: unknown): unknown {
  return { ...Object(object), resourceVersion: "" };
}

function drop<T>(table: Table<T>, key: string): void {
  const old = table.held.get(key);
  table.held.delete(key);
  table.shown = undefined;
  if (old?.object !== undefined) table.onDelta({ type: "DELETED", key, uid: old.uid, object: old.object });
}

function place<T>(table: Table<T>, key: string, next: Held<T>): void {
  // Another uid is another object of the same name, whatever the events between them were.
  if (table.held.get(key)?.uid !== next.uid) drop(table, key);
  const before = table.held.get(key)?.object;
  table.held.set(key, next);
  if (before !== undefined && before === next.object) return;
  table.shown = undefined;
  const { uid, object } = next;
  if (object !== undefined) {
    table.onDelta({ type: before === undefined ? "ADDED" : "MODIFIED", key, uid, object });
  } else if (before !== undefined) {
    table.onDelta({ type: "DELETED", key, uid, object: before });
  }
}

/** Whether both are the same state of the same object. */
export function isSame(a: ObjectVersion | undefined, b: ObjectVersion | undefined): boolean {
  return a?.uid === b?.uid && a?.resourceVersion === b?.resourceVersion;
}
