import type { Instant } from "./instant.ts";

interface WakeUp {
  readonly key: string;
  readonly at: Instant;
}

/** When to look at which key again, by wall time. At most one wake-up per key. */
export interface WakeUps {
  /** Plans the wake-up of `key`, in place of an earlier plan for it. */
  set(key: string, at: Instant): void;
  /** Forgets the wake-up of `key`, if there is one. */
  delete(key: string): void;
  /** The earliest wake-up; undefined when none is planned. */
  peek(): WakeUp | undefined;
  /** Takes out what is due at `now` (at or before it) and answers the keys, earliest first. */
  popDue(now: Instant): readonly string[];
}

/**
 * An empty plan. A binary heap with lazy removal: `current` holds the valid entry of each key, an entry
 * of the heap that is not the valid one is skipped when it comes to the top.
 */
export function createWakeUps(): WakeUps {
  const current = new Map<string, WakeUp>();
  let heap: WakeUp[] = [];

  function peek(): WakeUp | undefined {
    let [top] = heap;
    while (top !== undefined && current.get(top.key) !== top) {
      removeTop(heap);
      [top] = heap;
    }
    return top;
  }

  return {
    set: (key, at) => {
      const entry = { key, at };
      current.set(key, entry);
      // Keys that are planned anew again and again must not fill the heap with dead entries.
      if (heap.length > 2 * current.size + 16) heap = heapOf(current.values());
      else insert(heap, entry);
    },
    delete: (key) => {
      current.delete(key);
    },
    peek,
    popDue: (now) => {
      const due: string[] = [];
      for (let top = peek(); top !== undefined && top.at <= now; top = peek()) {
        due.push(top.key);
        current.delete(top.key);
      }
      return due;
    },
  };
}

/** A sorted array is a heap. */
function heapOf(entries: Iterable<WakeUp>): WakeUp[] {
  return [...entries].toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
}

/** Entries of the same instant keep the order of their keys, so that runs repeat exactly. */
function isBefore(a: WakeUp, b: WakeUp): boolean {
  return a.at === b.at ? a.key < b.key : a.at < b.at;
}

function insert(heap: WakeUp[], entry: WakeUp): void {
  let hole = heap.length;
  while (hole > 0) {
    const above = Math.floor((hole - 1) / 2);
    const parent = heap[above];
    if (parent === undefined || !isBefore(entry, parent)) break;
    heap[hole] = parent;
    hole = above;
  }
  heap[hole] = entry;
}

function removeTop(heap: WakeUp[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let hole = 0;
  for (;;) {
    const left = heap[2 * hole + 1];
    const right = heap[2 * hole + 2];
    if (left === undefined) break;
    const rightIsFirst = right !== undefined && isBefore(right, left);
    const child = rightIsFirst ? right : left;
    if (!isBefore(child, last)) break;
    heap[hole] = child;
    hole = 2 * hole + (rightIsFirst ? 2 : 1);
  }
  heap[hole] = last;
}
