import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createSystemClock, delay } from "../../../src/runtime/clock.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const startMs = Date.parse("2026-06-14T22:00:00Z");

describe("a simulated clock", () => {
  it("fires timers in the order in which they fall due, each at its own time", () => {
    const clock = createSimulatedClock(startMs);
    const fired: string[] = [];
    clock.after(2000, () => fired.push(`second ${clock.nowMs() - startMs}`));
    clock.after(1000, () => {
      fired.push(`first ${clock.nowMs() - startMs}`);
      clock.after(500, () => fired.push(`nested ${clock.nowMs() - startMs}`));
    });
    clock.advance(3000);
    assert.deepEqual(fired, ["first 1000", "nested 1500", "second 2000"]);
    assert.equal(clock.nowMs(), startMs + 3000);
  });

  it("fires no timer that was cancelled", () => {
    const clock = createSimulatedClock(startMs);
    const cancel = clock.after(1000, () => assert.fail("fired"));
    cancel();
    clock.advance(2000);
    assert.equal(clock.nextTimerInMs(), null);
  });

  it("moves no timer when only the wall clock is stepped", () => {
    const clock = createSimulatedClock(startMs);
    clock.after(1000, () => undefined);
    clock.stepWall(-3_600_000);
    assert.equal(clock.nowMs(), startMs - 3_600_000);
    assert.equal(clock.nextTimerInMs(), 1000);
    assert.equal(clock.monotonicMs(), 0);
  });

  it("reads whole milliseconds, however it was advanced", () => {
    const clock = createSimulatedClock(startMs);
    clock.advance(0.5);
    clock.advance(0.7);
    assert.equal(clock.nowMs(), startMs + 1);
  });
});

describe("delay", () => {
  it("ends with the time, or with the signal's reason", async () => {
    const clock = createSimulatedClock(startMs);
    const waited = delay(clock, 1000);
    clock.advance(1000);
    await waited;
    const leaving = new AbortController();
    const left = delay(clock, 1000, leaving.signal);
    leaving.abort(new Error("left"));
    await assert.rejects(left, /left/);
    assert.equal(clock.nextTimerInMs(), null);
    await assert.rejects(delay(clock, 1000, leaving.signal), /left/);
  });
});

describe("the system clock", () => {
  it("does not fire a timer beyond 24.8 days at once", async () => {
    const clock = createSystemClock();
    const cancel = clock.after(2 ** 32, () => assert.fail("fired"));
    await delay(clock, 5);
    cancel();
  });
});
