import type { Cancel, Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { instantFromMs, toMs } from "../timebox/instant.ts";
import type { WakeUps } from "../timebox/wake-ups.ts";

const longestTickMs = 5000;
/** Wall time and monotonic time further apart than this: somebody set the clock. */
const stepToleranceMs = 2000;
const longestResyncMs = 5 * 60 * 1000;

/**
 * Compares the wall clock with `wakeUps` at least every 5 s, and at the instant itself when that comes
 * sooner; `onDue` hears the keys. Never one long timer: those follow neither suspend nor a stepped
 * clock (reference/time-boxes.md §3.4). `onAll` is called every `resyncMs`, which
 * is 5 min unless less was asked for, and after the clock was set.
 */
export function startSchedule(options: {
  readonly clock: Clock;
  readonly log: Log;
  readonly wakeUps: WakeUps;
  readonly onDue: (key: string) => void;
  readonly onAll: () => void;
  readonly resyncMs?: number;
}): Cancel {
  const { clock, log, wakeUps, onDue, onAll } = options;
  const resyncMs = Math.min(longestResyncMs, options.resyncMs ?? longestResyncMs);
  const offsetMs = (): number => clock.nowMs() - clock.monotonicMs();
  let knownOffsetMs = offsetMs();
  let resyncAtMs = clock.monotonicMs() + resyncMs;

  const tick = (): void => {
    const stepMs = offsetMs() - knownOffsetMs;
    const isStepped = Math.abs(stepMs) > stepToleranceMs;
    if (isStepped) {
      knownOffsetMs += stepMs;
      log.warn({ stepMs }, "the wall clock was set; everything is planned anew");
    }
    for (const key of wakeUps.popDue(instantFromMs(clock.nowMs()))) onDue(key);
    if (isStepped || clock.monotonicMs() >= resyncAtMs) {
      resyncAtMs = clock.monotonicMs() + resyncMs;
      onAll();
    }
    cancel = schedule();
  };
  const schedule = (): Cancel => {
    const at = wakeUps.peek()?.at;
    const untilWakeMs = at === undefined ? longestTickMs : toMs(at) - clock.nowMs();
    return clock.after(Math.min(longestTickMs, Math.max(0, untilWakeMs)), tick);
  };
  let cancel = schedule();
  return () => cancel();
}
