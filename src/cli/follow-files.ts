import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";

import type { Cancel, Clock } from "../runtime/clock.ts";

/** What some files said at one moment. */
export interface Reading {
  /** Of two readings the same exactly when all files said the same. */
  readonly digest: string;
  /** What was read, links not followed; or was to be read, and is not there. */
  readonly files: readonly string[];
}

/** Calls `hint` whenever something may have changed in `folder`, until it is ended. Never throws. */
export type WatchFolder = (folder: string, hint: () => void) => () => void;

/** Contents are compared, so a rewrite, a rename, a turned link and a new file are one and the same. */
const lookEveryMs = 5000;
/** What was just written may be half of it: a change counts once it is seen the same twice, this long apart. */
const settleMs = 1000;

interface Following {
  /** Ends it, once a reading that is under way is over. */
  stop(): Promise<void>;
}

/**
 * Reads again every 5 s, and at once when a folder of the files shows a change; tells `onChange` each reading that
 * differs from the one before and has settled. `read` and `onChange` must not throw.
 */
export function followFiles<R extends Reading>(options: {
  readonly clock: Clock;
  readonly first: R;
  readonly read: () => Promise<R>;
  readonly onChange: (reading: R) => void;
  readonly watchFolder?: WatchFolder;
}): Following {
  const { clock, first, read, onChange, watchFolder = watchByNode } = options;
  const changes = createSettling(first.digest);
  const looking = lookAgain(clock, async (isStopped) => {
    const reading = await read();
    if (!isStopped() && changes.hasSettled(reading.digest)) {
      folders.watch(reading.files);
      onChange(reading);
    }
    return changes.isSettling() ? settleMs : lookEveryMs;
  });
  const folders = createFolderWatches(watchFolder, () => {
    // What is settling has its own time: a look before would find it unchanged too soon.
    if (!changes.isSettling() || looking.isUnderWay()) looking.now();
  });
  folders.watch(first.files);
  return {
    stop: async () => {
      folders.stop();
      await looking.stop();
    },
  };
}

function createSettling(first: string): {
  /** Whether `digest` is new, and stood at the last call too. */
  hasSettled(digest: string): boolean;
  isSettling(): boolean;
} {
  let known = first;
  let unsettled: string | null = null;
  return {
    hasSettled: (digest) => {
      const settled = digest !== known && digest === unsettled;
      if (settled) known = digest;
      unsettled = digest === known ? null : digest;
      return settled;
    },
    isSettling: () => unsettled !== null,
  };
}

/**
 * Calls `look` after 5 s, and from then on after as many milliseconds as it answers; never twice at a time. Asked for
 * while it looks, it looks again soon: what it sees may be older than what it was asked for.
 */
function lookAgain(
  clock: Clock,
  look: (isStopped: () => boolean) => Promise<number>,
): Following & { now(): void; isUnderWay(): boolean } {
  let cancel: Cancel | null = null;
  let running: Promise<void> | null = null;
  let isAskedFor = false;
  let isStopped = false;
  const schedule = (afterMs: number): void => {
    running = null;
    if (!isStopped) cancel = clock.after(isAskedFor ? Math.min(afterMs, settleMs) : afterMs, now);
    isAskedFor = false;
  };
  const now = (): void => {
    isAskedFor = running !== null;
    if (isStopped || running !== null) return;
    cancel?.();
    running = look(() => isStopped).then(schedule);
  };
  schedule(lookEveryMs);
  return {
    now,
    isUnderWay: () => running !== null,
    stop: async () => {
      isStopped = true;
      cancel?.();
      await running;
    },
  };
}

function createFolderWatches(
  watchFolder: WatchFolder,
  hint: () => void,
): { watch(files: readonly string[]): void; stop(): void } {
  let ends: readonly (() => void)[] = [];
  const stop = (): void => {
    for (const end of ends) end();
    ends = [];
  };
  return {
    watch: (files) => {
      stop(); // a folder of the same name may be another one now
      ends = [...new Set(files.map((file) => dirname(file)))].map((folder) => watchFolder(folder, hint));
    },
    stop,
  };
}

/** A mere hint: some file systems tell nothing, and a folder that is not there cannot be watched. */
function watchByNode(folder: string, hint: () => void): () => void {
  let watcher: FSWatcher;
  try {
    watcher = watch(folder, { persistent: false }, hint);
  } catch {
    return () => undefined;
  }
  watcher.on("error", () => watcher.close());
  return () => watcher.close();
}
