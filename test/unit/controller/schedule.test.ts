import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { startSchedule } from "../../../src/controller/schedule.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createWakeUps } from "../../../src/timebox/wake-ups.ts";

const minute = 60_000;

describe("the look at everything", () => {
  for (const [name, resyncMs, looks] of [
    ["every 5 minutes", undefined, 2],
    ["sooner when that is asked for", minute, 10],
    ["not later, whatever is asked for", 60 * minute, 2],
  ] as const) {
    it(`comes ${name}`, () => {
      const clock = createSimulatedClock(0);
      let count = 0;
      const stop = startSchedule({
        clock,
        log: createSilentLog(),
        wakeUps: createWakeUps(),
        onDue: () => {},
        onAll: () => void (count += 1),
        ...(resyncMs === undefined ? {} : { resyncMs }),
      });
      clock.advance(10 * minute);
      stop();
      assert.equal(count, looks);
    });
  }
});
