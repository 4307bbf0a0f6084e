import type { Key } from "../engine/resources.ts";

/** Things of one kind, each in one unit, found by what they are about. */
export interface PlacedItems<T> {
  readonly all: ReadonlyMap<Key, T>;
  /** In place of what is there under the same key. */
  put(item: T, unit: string): void;
  remove(key: Key): void;
  /** The same list until something in the unit changes. */
  inUnit(unit: string): readonly T[];
  onNode(node: string): readonly T[];
  unitsOfPod(pod: Key): readonly string[];
  unitsOfNode(node: string): readonly string[];
}

interface Placed<T> extends Facts {
  readonly item: T;
  readonly unit: string;
}

interface Facts {
  readonly key: Key;
  readonly node: string;
  readonly pod: Key;
}

/** None yet. `factsOf` says under which keys an item is to be found; they must not change. */
export function createPlacedItems<T>(factsOf: (item: T) => Facts): PlacedItems<T> {
  const all = new Map<Key, T>();
  const placed = new Map<Key, Placed<T>>();
  const byUnit = createGroups<T>();
  const byNode = createGroups<T>();
  const byPod = createSmallGroups<T>();
  const remove = (key: Key): void => {
    const old = placed.get(key);
    if (old === undefined) return;
    all.delete(key);
    placed.delete(key);
    byUnit.delete(old.unit, old);
    byNode.delete(old.node, old);
    byPod.delete(old.pod, old);
  };
  const unitsOf = (group: Iterable<Placed<T>>): readonly string[] => Array.from(group, ({ unit }) => unit);
  return {
    all,
    put: (item, unit) => {
      const next = { ...factsOf(item), item, unit };
      remove(next.key);
      all.set(next.key, item);
      placed.set(next.key, next);
      byUnit.add(next.unit, next);
      byNode.add(next.node, next);
      byPod.add(next.pod, next);
    },
    remove,
    inUnit: (unit) => byUnit.list(unit),
    onNode: (node) => byNode.list(node),
    unitsOfPod: (pod) => unitsOf(byPod.of(pod)),
    unitsOfNode: (node) => unitsOf(byNode.of(node)),
  };
}

/** A pod has few items, and there are many pods: a set for each would take five times as much. */
function createSmallGroups<T>(): Pick<Groups<T>, "add" | "delete" | "of"> {
  const groups = new Map<string, readonly Placed<T>[]>();
  const of = (name: string): readonly Placed<T>[] => groups.get(name) ?? [];
  return {
    add: (name, placed) => void groups.set(name, [...of(name), placed]),
    delete: (name, placed) => {
      const left = of(name).filter((one) => one !== placed);
      if (left.length === 0) groups.delete(name);
      else groups.set(name, left);
    },
    of,
  };
}

interface Groups<T> {
  add(name: string, placed: Placed<T>): void;
  delete(name: string, placed: Placed<T>): void;
  of(name: string): Iterable<Placed<T>>;
  list(name: string): readonly T[];
}

function createGroups<T>(): Groups<T> {
  const groups = new Map<string, { readonly members: Set<Placed<T>>; list: readonly T[] | undefined }>();
  return {
    add: (name, placed) => {
      const group = groups.get(name) ?? { members: new Set<Placed<T>>(), list: undefined };
      groups.set(name, group);
      group.members.add(placed);
      group.list = undefined;
    },
    delete: (name, placed) => {
      const group = groups.get(name);
      group?.members.delete(placed);
      if (group?.members.size === 0) groups.delete(name);
      else if (group !== undefined) group.list = undefined;
    },
    of: (name) => groups.get(name)?.members ?? [],
    list: (name) => {
      const group = groups.get(name);
      return group === undefined ? [] : (group.list ??= Array.from(group.members, ({ item }) => item));
    },
  };
}
