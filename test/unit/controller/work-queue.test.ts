import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createWorkQueue, type WorkQueue, type WorkResult } from "../../../src/controller/work-queue.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const done: WorkResult = { done: true };

function createFixture(work: (key: string) => Promise<WorkResult>): {
  readonly queue: WorkQueue;
  readonly clock: ReturnType<typeof createSimulatedClock>;
} {
  const clock = createSimulatedClock(0);
  return { clock, queue: createWorkQueue({ clock, log: createSilentLog(), random: () => 0, work }) };
}

describe("the work queue", () => {
  it("does many requests for a key at once, and each key", async () => {
    const worked: string[] = [];
    const { queue } = createFixture(async (key) => {
      worked.push(key);
      return done;
    });
    for (const key of ["a", "b", "a", "a"]) queue.add(key);
    await queue.settled();
    assert.deepEqual(worked, ["a", "b"]);
  });

  it("works on a key once more when it was asked for meanwhile, never twice at a time", async () => {
    let atOnce = 0;
    let most = 0;
    let runs = 0;
    const { queue } = createFixture(async (key) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      runs += 1;
      if (runs === 1) queue.add(key);
      await Promise.resolve();
      atOnce -= 1;
      return done;
    });
    queue.add("a");
    await queue.settled();
    assert.deepEqual({ runs, most }, { runs: 2, most: 1 });
  });

  it("bounds the tasks at a time and finishes all", async () => {
    let atOnce = 0;
    let most = 0;
    let runs = 0;
    const { queue } = createFixture(async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await Promise.resolve();
      atOnce -= 1;
      runs += 1;
      return done;
    });
    for (let key = 0; key < 100; key += 1) queue.add(String(key));
    await queue.settled();
    assert.deepEqual({ runs, most }, { runs: 100, most: 32 });
  });

  it("doubles the wait after each failure up to a minute, and starts over after a success", async () => {
    const at: number[] = [];
    const { queue, clock } = createFixture(async () => {
      at.push(clock.monotonicMs() / 1000);
      if (at.length > 8) return done;
      throw new Error("no");
    });
    queue.add("a");
    await queue.settled();
    for (let second = 0; second < 300; second += 1) {
      clock.advance(1000);
      await queue.settled();
    }
    assert.deepEqual(at, [0, 1, 3, 7, 15, 31, 63, 123, 183]);
    assert.equal(clock.nextTimerInMs(), null);
  });

  it("waits at least as long as the work asks, and takes no requests for the key meanwhile", async () => {
    let runs = 0;
    const { queue, clock } = createFixture(async () => {
      runs += 1;
      return runs === 1 ? { done: false, retryAfterMs: 90_000, endsOnChange: false } : done;
    });
    queue.add("a");
    await queue.settled();
    clock.advance(89_999);
    queue.add("a");
    await queue.settled();
    assert.equal(runs, 1);
    clock.advance(1);
    await queue.settled();
    assert.equal(runs, 2);
  });

  it("ends a wait early when the work allows it and the key is asked for", async () => {
    let runs = 0;
    const { queue, clock } = createFixture(async () => {
      runs += 1;
      return runs < 3 ? { done: false, retryAfterMs: 0, endsOnChange: true } : done;
    });
    queue.add("a");
    await queue.settled();
    queue.add("a");
    await queue.settled();
    assert.equal(runs, 2);
    assert.equal(clock.nextTimerInMs(), 2000, "the failures still count");
    queue.add("a");
    await queue.settled();
    assert.equal(clock.nextTimerInMs(), null);
  });

  it("on close waits for what is running and drops the rest", async () => {
    const worked: string[] = [];
    const gate = Promise.withResolvers<undefined>();
    const { queue, clock } = createFixture(async (key) => {
      await gate.promise;
      worked.push(key);
      return { done: false, retryAfterMs: 0, endsOnChange: false };
    });
    queue.add("a");
    await Promise.resolve();
    const closed = queue.close();
    queue.add("b");
    gate.resolve(undefined);
    await closed;
    assert.deepEqual(worked, ["a"]);
    assert.equal(clock.nextTimerInMs(), null);
  });
});
