import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { createSlots } from "../../../src/nmi/slots.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const never = new AbortController().signal;

it("runs as many tasks at once as there are slots, and the others in the order of asking", async () => {
  const slots = createSlots(2);
  const started: number[] = [];
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const runs = gates.map((gate, number) =>
    slots.run(never, async () => {
      started.push(number);
      await gate.promise;
      return number;
    }),
  );
  await turn();
  assert.deepEqual(started, [0, 1]);
  gates[1]?.resolve();
  await runs[1];
  await turn();
  assert.deepEqual(started, [0, 1, 2]);
  for (const gate of gates) gate.resolve();
  assert.deepEqual(await Promise.all(runs), [0, 1, 2, 3]);
});

it("gives the slot on after a failure, and to nobody who has left", async () => {
  const slots = createSlots(1);
  const gone = new AbortController();
  const failing = slots.run(never, () => Promise.reject(new Error("upstream")));
  const left = slots.run(gone.signal, () => Promise.resolve("served"));
  const waiting = slots.run(never, () => Promise.resolve("served"));
  gone.abort(new Error("left"));
  await assert.rejects(failing, /upstream/);
  await assert.rejects(left, /left/);
  assert.equal(await waiting, "served");
});

it("lets somebody leave the queue at once, though the slot stays taken", async () => {
  const slots = createSlots(1);
  const gone = new AbortController();
  const gate = Promise.withResolvers<void>();
  const running = slots.run(never, () => gate.promise);
  const left = slots.run(gone.signal, () => Promise.resolve("served"));
  gone.abort(new Error("left"));
  await assert.rejects(left, /left/);
  gate.resolve();
  await running;
});

function setUp() {
  const clock = createSimulatedClock(0);
  const slots = createSlots(10, { clock, starts: 3, withinMs: 1000 });
  const startedMs: number[] = [];
  const run = (signal = never): Promise<void> =>
    slots.run(signal, async () => void startedMs.push(clock.monotonicMs()));
  return { clock, startedMs, run };
}

describe("slots with a pace", () => {
  it("begin no more tasks in any span than it allows", async () => {
    const { clock, startedMs, run } = setUp();
    void run();
    await turn();
    clock.advance(400);
    const others = Array.from({ length: 6 }, () => run());
    for (let i = 0; i < 30; i += 1) {
      await turn();
      clock.advance(100);
    }
    await Promise.all(others);
    assert.deepEqual(startedMs, [0, 400, 400, 1000, 1400, 1400, 2000]);
    assert.equal(clock.nextTimerInMs(), null);
  });

  it("leave no timer when everybody who waits has left", async () => {
    const { clock, startedMs, run } = setUp();
    await Promise.all([run(), run(), run()]);
    const gone = new AbortController();
    const left = run(gone.signal);
    assert.equal(clock.nextTimerInMs(), 1000);
    gone.abort(new Error("left"));
    await assert.rejects(left, /left/);
    assert.equal(clock.nextTimerInMs(), null);
    assert.equal(startedMs.length, 3);
  });
});
