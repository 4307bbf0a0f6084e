import type { DataChange } from "./cluster-data.ts";
import { buildClusterDocument, type ClusterDocument } from "./cluster-document.ts";
import type { ValidateDecision } from "./decision.ts";
import type { AzureIdentityBinding, ClusterResources } from "./resources.ts";

/** Follows the cluster's objects and says what each change of them changes in `data.cluster`. */
export interface ClusterLayout {
  /**
   * What differs from the last call. Objects are the same when they are the same reference; those in
   * `again` are laid out anew all the same.
   */
  update(resources: ClusterResources, again: ReadonlySet<object>): readonly DataChange[];
}

type Check = (binding: AzureIdentityBinding) => ValidateDecision;

type Item = ClusterResources[keyof ClusterResources][number];

/** An entry of the document, and the objects that stand in it. */
interface Place {
  readonly section: string;
  readonly key: string;
  readonly members: Set<Item>;
}

export const noResources: ClusterResources = {
  identities: [],
  bindings: [],
  grants: [],
  approvals: [],
  exceptions: [],
  namespaces: [],
};

/**
 * Starts from an empty document. It rests on one property of `buildClusterDocument`: an entry depends on
 * the objects that would give this entry if they were alone, and on no others; so it is rebuilt from these.
 */
export function createClusterLayout(check: Check): ClusterLayout {
  const followers = [
    follow("identities", check),
    follow("bindings", check),
    follow("grants", check),
    follow("approvals", check),
    follow("exceptions", check),
    follow("namespaces", check),
  ];
  return { update: (resources, again) => followers.flatMap((changes) => changes(resources, again)) };
}

/** Follows the objects of one kind; no entry holds objects of two. */
function follow(kind: keyof ClusterResources, check: Check): ClusterLayout["update"] {
  const places = new Map<string, Place>();
  const placesOf = new Map<Item, readonly Place[]>();
  let held: readonly Item[] = [];

  const entriesOf = (objects: readonly Item[], judge: Check): ReadonlyMap<string, DataChange> =>
    entriesIn(buildClusterDocument({ ...noResources, [kind]: objects }, judge));
  const remove = (object: Item): readonly Place[] => {
    const own = placesOf.get(object) ?? [];
    for (const { members } of own) members.delete(object);
    placesOf.delete(object);
    return own;
  };
  const add = (object: Item): readonly Place[] => {
    const own = Array.from(entriesOf([object], unjudged), ([name, { section, key }]) => {
      const place = places.get(name) ?? { section, key, members: new Set() };
      places.set(name, place);
      place.members.add(object);
      return place;
    });
    placesOf.set(object, own);
    return own;
  };
  return (resources, again) => {
    const list: readonly Item[] = resources[kind];
    const { removed, added } = difference(held, list);
    held = list;
    const repeated = again.size === 0 ? [] : list.filter((object) => again.has(object));
    const touched = new Set([...removed.flatMap(remove), ...[...added, ...repeated].flatMap(add)]);
    const members = new Set<Item>();
    for (const place of touched) for (const member of place.members) members.add(member);
    const entries = entriesOf([...members], check);
    return Array.from(touched, ({ section, key, members: left }) => {
      if (left.size === 0) places.delete(nameOf(section, key));
      return { section, key, value: entries.get(nameOf(section, key))?.value };
    });
  };
}

/** Where an object stands does not depend on whether it is valid. */
const unjudged: Check = () => ({ valid: false, reasons: [] });

function entriesIn(document: ClusterDocument): ReadonlyMap<string, DataChange> {
  return new Map(
    Object.entries(document).flatMap(([section, entries]) =>
      Object.entries(entries).map(([key, value]) => [nameOf(section, key), { section, key, value }] as const),
    ),
  );
}

function nameOf(section: string, key: string): string {
  return `${section} ${key}`;
}

/** Sources keep their order, so what changed lies between a common start and a common end. */
function difference<T>(
  before: readonly T[],
  after: readonly T[],
): { readonly removed: readonly T[]; readonly added: readonly T[] } {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const old = new Set(before.slice(start, before.length - end));
  const now = new Set(after.slice(start, after.length - end));
  return { removed: [...old.difference(now)], added: [...now.difference(old)] };
}
