import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { observeByMetrics, type WorkQueueObserver } from "../../../src/controller/work-queue-observer.ts";
import { createWorkQueue, type WorkQueue, type WorkResult } from "../../../src/controller/work-queue.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const done: WorkResult = { done: true };

function createFixture(
  work: (key: string, signal: AbortSignal) => Promise<WorkResult>,
  options: { readonly observer?: WorkQueueObserver } = {},
): {
  readonly queue: WorkQueue;
  readonly clock: ReturnType<typeof createSimulatedClock>;
} {
  const clock = createSimulatedClock(0);
  const queue = createWorkQueue({ clock, log: createSilentLog(), random: () => 0, work, ...options });
  return { clock, queue };
}

/** Begins `keys` tasks that take `lookMs` each while `away` others wait for ARM; answers how many began in each turn. */
async function countByTurn(keys: number, lookMs: number, away: number): Promise<readonly number[]> {
  const arm = Promise.withResolvers<void>();
  const begun = [0];
  const { queue, clock } = createFixture(async (key) => {
    if (key.startsWith("away")) await arm.promise;
    else {
      clock.advance(lookMs);
      begun[begun.length - 1] = (begun.at(-1) ?? 0) + 1;
    }
    return done;
  });
  for (let i = 0; i < away; i += 1) queue.add(`away ${i}`);
  for (let i = 0; i < keys; i += 1) queue.add(String(i));
  let isOver = false;
  const turn = (): void => {
    begun.push(0);
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const settled = queue.settled().then(() => (isOver = true));
  while (begun.reduce((sum, some) => sum + some) < keys)
    await new Promise((resolve) => setImmediate(resolve));
  arm.resolve();
  await settled;
  return begun.filter((some) => some > 0);
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

  describe("of many looks", () => {
    it("lets everything else have a turn after some milliseconds", async () => {
      const [first, ...others] = await countByTurn(40, 4, 0);
      assert.equal(first, 3);
      assert.ok(others.every((count) => count <= 3));
    });

    it("does so when each ends at once, and when most slots wait for ARM", async () => {
      assert.ok(Math.max(...(await countByTurn(400, 0.2, 0))) <= 51);
      assert.ok(Math.max(...(await countByTurn(40, 5, 31))) <= 2);
    });
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

  it("spreads the tries of many keys that fail at once: a hundred, then ten a second", async () => {
    const retriedAtMs: number[] = [];
    const { queue, clock } = createFixture(async () => {
      if (clock.monotonicMs() > 0) retriedAtMs.push(clock.monotonicMs());
      return clock.monotonicMs() > 0 ? done : { done: false, retryAfterMs: 0, endsOnChange: false };
    });
    for (let key = 0; key < 130; key += 1) queue.add(String(key));
    await queue.settled();
    for (let step = 0; step < 50; step += 1) {
      clock.advance(100);
      await queue.settled();
    }
    assert.equal(retriedAtMs.filter((ms) => ms === 1000).length, 110);
    assert.deepEqual(
      retriedAtMs.slice(110),
      Array.from({ length: 20 }, (_, index) => 1100 + index * 100),
    );
  });

  it("adds a key after the shortest of the delays that were asked for, once", async () => {
    const atMs: number[] = [];
    const { queue, clock } = createFixture(async () => {
      atMs.push(clock.monotonicMs());
      return done;
    });
    queue.addAfter("a", 3000);
    queue.addAfter("a", 1000);
    queue.addAfter("a", 2000);
    for (let step = 0; step < 50; step += 1) {
      clock.advance(100);
      await queue.settled();
    }
    assert.deepEqual(atMs, [1000]);
  });

  it("tells work that takes too long, and keeps the key until that has ended", async () => {
    const gate = Promise.withResolvers<undefined>();
    const signals: AbortSignal[] = [];
    const { queue, clock } = createFixture(async (_, signal) => {
      signals.push(signal);
      await gate.promise;
      return done;
    });
    queue.add("a");
    await Promise.resolve();
    clock.advance(25 * 60_000 - 1);
    assert.equal(signals[0]?.aborted, false);
    clock.advance(1);
    assert.equal(signals[0]?.aborted, true);
    queue.add("a");
    await Promise.resolve();
    assert.equal(signals.length, 1);
    gate.resolve(undefined);
    await queue.settled();
    assert.equal(signals.length, 2);
  });

  it("tells what is running that it closes", async () => {
    const ended = Promise.withResolvers<WorkResult>();
    const { queue } = createFixture((_, signal) => {
      signal.addEventListener("abort", () => ended.resolve(done));
      return ended.promise;
    });
    queue.add("a");
    await Promise.resolve();
    await queue.close();
  });

  it("counts what it does", async () => {
    const metrics = createMetrics();
    let runs = 0;
    const { queue, clock } = createFixture(
      async () => {
        runs += 1;
        return runs === 1 ? { done: false, retryAfterMs: 0, endsOnChange: false } : done;
      },
      { observer: observeByMetrics(metrics) },
    );
    queue.add("a");
    queue.add("a");
    queue.add("b", "resync");
    await queue.settled();
    clock.advance(1000);
    await queue.settled();
    const { text } = await metrics.render();
    const lines = text.split("\n").filter((line) => !line.startsWith("#") && !line.includes("_bucket"));
    assert.deepEqual(
      lines.filter((line) => line !== ""),
      [
        "podid_controller_queue_depth 0",
        'podid_controller_queue_adds_total{priority="live"} 2',
        'podid_controller_queue_adds_total{priority="resync"} 1',
        "podid_controller_queue_wait_seconds_sum 0",
        "podid_controller_queue_wait_seconds_count 3",
        "podid_controller_queue_work_seconds_sum 0",
        "podid_controller_queue_work_seconds_count 3",
        "podid_controller_queue_retries_total 1",
      ],
    );
  });
});
