import { setTimeout as realDelay } from "node:timers/promises";

import type { SimulatedClock } from "../../runtime/simulated-clock.ts";

/** While work is under way, a simulated second takes this long: real network calls need real time. */
const busySecondMs = 5;

/**
 * Moves a simulated clock to `targetMs` (unix milliseconds). While the controller is at work the clock runs
 * fast but steadily, so that operations and polls take their simulated time; when it is done the clock
 * jumps from timer to timer.
 * @throws the reason of `signal` when it aborts.
 */
export async function moveTo(
  clock: SimulatedClock,
  targetMs: number,
  controller: { settled(): Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const pause = new AbortController();
    // oxlint-disable-next-line no-await-in-loop -- time passes step by step
    const isBusy = await Promise.race([
      controller.settled().then(() => false),
      realDelay(busySecondMs, true, { signal: pause.signal }),
    ]);
    pause.abort();
    const leftMs = targetMs - clock.nowMs();
    if (leftMs <= 0) return;
    const stepMs = isBusy ? 1000 : (clock.nextTimerInMs() ?? leftMs);
    clock.advance(Math.min(leftMs, Math.max(stepMs, 1)));
  }
}
