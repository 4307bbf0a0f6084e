import { refer, seriesKey, type EventTerms } from "./event-series.ts";

/** Which series say the same about the same object, each with another pod. */
export interface EventGroups {
  /** What a new series is to say: `terms` themselves, or what stands for the many of their group. */
  join(terms: EventTerms): EventTerms;
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
  const members = new Map<string, Set<string>>();
  const groupOf = new Map<string, string>();
  return {
    join: (terms) => {
      if (terms.related === undefined) return terms;
      const name = JSON.stringify([terms.type, terms.reason, refer(terms.regarding)]);
      const group = members.get(name) ?? new Set<string>();
      if (group.size >= ownSeries) return combined(terms);
      members.set(name, group);
      const key = seriesKey(terms);
      group.add(key);
      groupOf.set(key, name);
      return terms;
    },
    leave: (key) => {
      const name = groupOf.get(key);
      if (name === undefined) return;
      groupOf.delete(key);
      const group = members.get(name);
      group?.delete(key);
      if (group?.size === 0) members.delete(name);
    },
  };
}

function combined(terms: EventTerms): EventTerms {
  return {
    ...terms,
    related: undefined,
    note: `(combined from similar events): ${terms.note}`,
    isCombined: true,
  };
}
