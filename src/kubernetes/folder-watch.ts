import { watch, type FSWatcher } from "node:fs";

import type { Cancel, Clock } from "../runtime/clock.ts";
import { listManifestFiles } from "./manifest-files.ts";

/** Writers take a moment, and some truncate first: one re-read for what happens within it. */
const settleMs = 100;

/**
 * Also without a sign of change: network file systems, links to files elsewhere and a folder that was
 * replaced as a whole give none, and a withdrawn binding must not live on for that.
 */
const rereadEveryMs = 30_000;

export interface FolderWatch {
  /** Ends watching and waits for a read that is under way. */
  close(): Promise<void>;
}

/**
 * Calls `reread` once before it resolves, and then for changes in `directory` and below, one call at
 * a time. Each call begins after watching did, so that nothing falls in between. `reread` must not reject.
 */
export async function watchFolder(options: {
  readonly directory: string;
  readonly clock: Clock;
  readonly reread: () => Promise<void>;
}): Promise<FolderWatch> {
  const { directory, clock, reread } = options;
  let watchers: readonly FSWatcher[] = [];
  let running = Promise.resolve();
  let closed = false;
  let settling = false;
  let cancelTimer: Cancel | undefined;

  const schedule = (delayMs: number): void => {
    cancelTimer?.();
    cancelTimer = closed ? undefined : clock.after(delayMs, () => void (running = running.then(cycle)));
  };
  const onChange = (): void => {
    if (settling) return;
    settling = true;
    schedule(settleMs);
  };
  const cycle = async (): Promise<void> => {
    settling = false;
    if (closed) return;
    // A watcher holds on to the folder it was made for, even when the path means another one by now.
    const outdated = watchers;
    watchers = await openWatchers(directory, onChange);
    closeAll(outdated);
    await reread();
    if (!settling) schedule(rereadEveryMs);
  };

  running = cycle();
  await running;
  return {
    close: async () => {
      closed = true;
      cancelTimer?.();
      await running;
      closeAll(watchers);
    },
  };
}

/** Watches what can be watched; for the rest the regular re-read remains. */
async function openWatchers(directory: string, onChange: () => void): Promise<readonly FSWatcher[]> {
  const watchers: FSWatcher[] = [];
  try {
    const { folders } = await listManifestFiles(directory);
    for (const folder of folders) watchers.push(watch(folder, onChange).on("error", onChange));
  } catch {
    // The folder is gone, or the system has no watches left: `reread` reports what matters.
  }
  return watchers;
}

function closeAll(watchers: readonly FSWatcher[]): void {
  for (const watcher of watchers) watcher.close();
}
