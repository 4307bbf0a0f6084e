import type { ObjectReference } from "./object-reference.ts";
import { refer, seriesKey, type EventTerms } from "./event-series.ts";

/** A series, by its key, and what it says when it begins. */
export interface Placed {
  readonly key: string;
  readonly terms: EventTerms;
}

/** Which series say the same about the same object, each with another pod. */
export interface EventGroups {
  /** The series that such an event belongs to: `terms` themselves, or what stands for the many of their group. */
  place(terms: EventTerms, isKnown: (key: string) => boolean): Placed;
  /** The series with this key has ended. */
  leave(key: string): void;
}

/** So many pods of one object have events of their own; those of a small deployment, all. */
const ownSeries = 3;

/**
 * No groups yet. A rollout of a thousand pods is not a thousand events on each of its objects: after a few, the others
 * are counted in one series, which names the first of them, as client-go's aggregator does.
 */
export function createEventGroups(): EventGroups {
  /** By the key of the series that stands for the many: the keys of those with one of their own, and whom they are about. */
  const groups = new Map<string, Map<string, string>>();
  const groupOf = new Map<string, string>();
  return {
    place: (terms, isKnown) => {
      if (terms.related === undefined) return { key: seriesKey(terms), terms };
      const many = combined(terms);
      const name = seriesKey(many);
      const members = groups.get(name) ?? new Map<string, string>();
      const about = textOf(terms.related);
      const isFull = members.size >= ownSeries;
      if (isFull && ![...members.values()].includes(about)) return { key: name, terms: many };
      const key = seriesKey(terms);
      if (isKnown(key)) return { key, terms };
      if (isFull) return { key: name, terms: many };
      groups.set(name, members.set(key, about));
      groupOf.set(key, name);
      return { key, terms };
    },
    leave: (key) => {
      const name = groupOf.get(key);
      if (name === undefined) return;
      groupOf.delete(key);
      const members = groups.get(name);
      members?.delete(key);
      if (members?.size === 0) groups.delete(name);
    },
  };
}

function textOf(related: ObjectReference): string {
  return refer(related).join(" ");
}

function combined(terms: EventTerms): EventTerms {
  return {
    ...terms,
    related: undefined,
    note: `(combined from similar events): ${terms.note}`,
    isCombined: true,
  };
}
