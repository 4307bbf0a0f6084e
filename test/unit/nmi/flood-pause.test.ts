import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { createFloodPause, type FloodPause } from "../../../src/nmi/flood-pause.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";

let clock: SimulatedClock;
let pause: FloodPause;
beforeEach(() => {
  clock = createSimulatedClock(0);
  pause = createFloodPause(clock, { pauseMs: 1_000, apartMs: 5, mostPerCaller: 2 });
});

const never = new AbortController().signal;

describe("who sends more than it may", () => {
  it("waits a second, as many at a time as may; those beyond do not wait, and others are not counted", async () => {
    const waiting = [pause.wait("a", never), pause.wait("a", never)];
    assert.equal(await pause.wait("a", never), false);
    waiting.push(pause.wait("b", never));
    clock.advance(1_005);
    assert.deepEqual(await Promise.all(waiting), [true, true, true]);
    const again = pause.wait("a", never);
    clock.advance(1_000);
    assert.equal(await again, true);
  });

  it("is answered one after the other, however many came at once", async () => {
    const waiting = [pause.wait("a", never), pause.wait("a", never)];
    const answered: number[] = [];
    for (const [index, wait] of waiting.entries()) void wait.then(() => answered.push(index));
    clock.advance(1_004);
    await waiting[0];
    assert.deepEqual(answered, [0]);
    clock.advance(1);
    await waiting[1];
    assert.deepEqual(answered, [0, 1]);
  });

  it("makes room when it leaves", async () => {
    const left = new AbortController();
    const [first, second] = [pause.wait("a", left.signal), pause.wait("a", never)];
    left.abort();
    assert.equal(await first, true);
    const third = pause.wait("a", never);
    clock.advance(1_005);
    assert.deepEqual(await Promise.all([second, third]), [true, true]);
  });
});
