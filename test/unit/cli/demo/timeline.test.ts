import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { moveTo } from "../../../../src/cli/demo/timeline.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";

const signal = new AbortController().signal;
const idle = { settled: () => Promise.resolve() };

describe("moving a simulated clock", () => {
  it("stops exactly at its target, having met every timer on the way", async () => {
    const clock = createSimulatedClock(0);
    const met: number[] = [];
    for (const atMs of [500, 2500, 9999, 10_001]) clock.after(atMs, () => met.push(clock.nowMs()));
    await moveTo(clock, 10_000, idle, signal);
    assert.deepEqual([clock.nowMs(), met], [10_000, [500, 2500, 9999]]);
  });

  it("goes second by second while the controller is at work", async () => {
    const clock = createSimulatedClock(0);
    const seen: number[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const busy = {
      settled: () => {
        seen.push(clock.nowMs());
        if (clock.nowMs() >= 3000) resolve();
        return promise;
      },
    };
    await moveTo(clock, 60_000, busy, signal);
    assert.deepEqual(seen, [0, 1000, 2000, 3000, 60_000]);
  });

  it("goes nowhere when it is there already", async () => {
    const clock = createSimulatedClock(1000);
    await moveTo(clock, 1000, idle, signal);
    assert.equal(clock.nowMs(), 1000);
  });

  it("leaves no timer of the machine behind", async () => {
    await moveTo(createSimulatedClock(0), 1000, idle, signal);
    assert.deepEqual(
      process.getActiveResourcesInfo().filter((kind) => kind === "Timeout"),
      [],
    );
  });

  it("ends with the reason of an abort", async () => {
    const aborted = AbortSignal.abort(new Error("told to stop"));
    await assert.rejects(moveTo(createSimulatedClock(0), 1000, idle, aborted), /told to stop/);
  });
});
