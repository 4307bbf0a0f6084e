import type { Clock } from "../runtime/clock.ts";

/** What is done with an identity on a target. */
export interface Attempt {
  /** Lower-cased. */
  readonly target: string;
  readonly verb: "add" | "remove";
  /** Lower-cased resource id. */
  readonly id: string;
}

/**
 * Identities that ARM refuses, each with its own wait from 15 s to an hour (reliability.md Z4): one of them must cost
 * neither the others nor the subscription anything. Whom ARM named is at fault everywhere, and after a wait one target
 * tries for all; who was found by halves is at fault on that target only, for it may be the target that is full.
 */
export interface Quarantine {
  /** What ARM said of an attempt that must wait; null when it may be made, and then it should be. */
  held(attempt: Attempt): string | null;
  /** ARM refused. `isNamed`: it said so of this very identity. */
  refuse(attempt: Attempt, detail: string, isNamed: boolean): void;
  /** ARM shows what was wanted, so that all who wait may try at once. */
  accept(attempt: Attempt): void;
  /** Forgets an identity that may have been mended. */
  forget(id: string): void;
  /** Milliseconds until the attempt may be made. */
  waitMs(attempt: Attempt): number;
  /** What ARM said when it last refused to add `id` anywhere; null when it did not. */
  refusal(id: string): string | null;
}

interface Entry {
  readonly key: string;
  readonly id: string;
  readonly verb: Attempt["verb"];
  detail: string;
  failures: number;
  untilMs: number;
  /** Since when one target tries for all; null when none does. */
  probe: { readonly target: string; readonly sinceMs: number } | null;
  /** Targets that want the attempt and wait. */
  readonly waiting: Set<string>;
}

const firstWaitMs = 15_000;
const longestWaitMs = 3_600_000;
/** How long others wait for the one that tries before they look again. */
const probeMs = 60_000;

/** An empty quarantine. `onFree` hears of targets that waited and need not any more, `onChange` of identities. */
export function createQuarantine(options: {
  readonly clock: Clock;
  readonly onFree: (target: string) => void;
  readonly onChange: (id: string) => void;
}): Quarantine {
  const { clock, onFree, onChange } = options;
  const entries = new Map<string, Entry>();
  const entriesFor = (attempt: Attempt): readonly Entry[] =>
    [everywhere(attempt), here(attempt)].flatMap((key) => entries.get(key) ?? []);
  const end = (entry: Entry): void => {
    entries.delete(entry.key);
    for (const target of entry.waiting) onFree(target);
    onChange(entry.id);
  };
  const refuse = (attempt: Attempt, detail: string, isNamed: boolean): void => {
    const nowMs = clock.monotonicMs();
    prune(entries, nowMs);
    const key = isNamed ? everywhere(attempt) : here(attempt);
    const entry = entries.get(key) ?? createEntry(key, attempt);
    startWait(entry, attempt.target, nowMs);
    entry.detail = detail;
    entries.set(key, entry);
    onChange(entry.id);
  };
  return {
    refuse,
    held: (attempt) => {
      const holding = entriesFor(attempt).find((entry) =>
        mustWait(entry, attempt.target, clock.monotonicMs()),
      );
      return holding?.detail ?? null;
    },
    accept: (attempt) => entriesFor(attempt).forEach(end),
    forget: (id) => [...entries.values()].filter((entry) => entry.id === id).forEach(end),
    waitMs: (attempt) =>
      Math.max(0, ...entriesFor(attempt).map((entry) => dueMs(entry) - clock.monotonicMs())),
    refusal: (id) =>
      [...entries.values()].find((entry) => entry.id === id && entry.verb === "add")?.detail ?? null,
  };
}

function everywhere({ verb, id }: Attempt): string {
  return `${verb} ${id}`;
}

function here(attempt: Attempt): string {
  return `${everywhere(attempt)} ${attempt.target}`;
}

function createEntry(key: string, { id, verb }: Attempt): Entry {
  return { key, id, verb, detail: "", failures: 0, untilMs: 0, probe: null, waiting: new Set() };
}

/** Targets that were refused together are one failure. */
function startWait(entry: Entry, target: string, nowMs: number): void {
  entry.waiting.add(target);
  entry.probe = null;
  if (nowMs < entry.untilMs) return;
  entry.untilMs = nowMs + Math.min(firstWaitMs * 2 ** entry.failures, longestWaitMs);
  entry.failures += 1;
}

function dueMs({ untilMs, probe }: Entry): number {
  return probe === null ? untilMs : Math.max(untilMs, probe.sinceMs + probeMs);
}

/** The first to ask after a wait is the one that tries. */
function mustWait(entry: Entry, target: string, nowMs: number): boolean {
  entry.waiting.add(target);
  const isFree = nowMs >= dueMs(entry) || (entry.probe?.target === target && nowMs >= entry.untilMs);
  if (isFree) entry.probe = { target, sinceMs: nowMs };
  return !isFree;
}

/** What nobody has tried again for an hour after its wait, nobody wants any more. */
function prune(entries: Map<string, Entry>, nowMs: number): void {
  for (const [key, entry] of entries) {
    if (nowMs - dueMs(entry) > longestWaitMs) entries.delete(key);
  }
}
