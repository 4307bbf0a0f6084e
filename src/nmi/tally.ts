/** Counts what is under way by key; a key of which nothing is under way costs nothing. */
export interface Tally {
  of(key: string): number;
  add(key: string): void;
  drop(key: string): void;
}

/** An empty one. */
export function createTally(): Tally {
  const counts = new Map<string, number>();
  const of = (key: string): number => counts.get(key) ?? 0;
  return {
    of,
    add: (key) => void counts.set(key, of(key) + 1),
    drop: (key) => {
      const left = of(key) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    },
  };
}
