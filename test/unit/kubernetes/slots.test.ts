import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { createSlots } from "../../../src/kubernetes/slots.ts";

const never = new AbortController().signal;

describe("slots", () => {
  it("are given first come first served, and again when they are free", async () => {
    const slots = createSlots(2);
    const order: number[] = [];
    const releases: (() => void)[] = [];
    const takes = [0, 1, 2, 3].map(async (index) => {
      releases.push(await slots.take(never));
      order.push(index);
    });
    await turn();
    assert.deepEqual(order, [0, 1]);
    releases[0]?.();
    await turn();
    assert.deepEqual(order, [0, 1, 2]);
    releases[1]?.();
    await Promise.all(takes);
    assert.deepEqual(order, [0, 1, 2, 3]);
  });

  it("are given to those who yield when nobody else waits, or has had 99 turns meanwhile", async () => {
    const slots = createSlots(1);
    const order: string[] = [];
    const take = async (name: string, yields: boolean): Promise<void> => {
      const release = await slots.take(never, yields);
      order.push(name);
      release();
    };
    const release = await slots.take(never);
    const takes = [take("yields 1", true), take("yields 2", true)];
    for (let i = 1; i <= 120; i += 1) takes.push(take("goes first", false));
    release();
    await Promise.all(takes);
    assert.deepEqual([order.indexOf("yields 1"), order.indexOf("yields 2"), order.length], [99, 121, 122]);
  });

  it("are not given to those who yield while half of them are taken, for then more is to come", async () => {
    const slots = createSlots(4);
    const busy = [await slots.take(never), await slots.take(never)];
    let isIn = false;
    const yielding = slots.take(never, true).then((release) => {
      isIn = true;
      return release;
    });
    await turn();
    assert.equal(isIn, false);
    busy[0]?.();
    (await yielding)();
    busy[1]?.();
    // None was lost or made.
    await Promise.all([1, 2, 3, 4].map(() => slots.take(never)));
    const late = slots.take(AbortSignal.timeout(0));
    await assert.rejects(late);
  });

  it("come to those who yield after 99 turns of others, also where nobody waits", async () => {
    const slots = createSlots(2);
    let turns = 0;
    let others = await slots.take(never);
    const yielding = slots.take(never, true).then((release) => {
      release();
      return turns;
    });
    for (turns = 0; turns < 150; turns += 1) {
      const next = await slots.take(never);
      others();
      others = next;
      await turn();
    }
    assert.equal(await yielding, 99);
  });

  it("are free at once also for those who yield", async () => {
    const slots = createSlots(1);
    (await slots.take(never, true))();
    (await slots.take(never))();
  });

  it("are not lost to those who gave up waiting", async () => {
    const slots = createSlots(1);
    const release = await slots.take(never);
    const giving = new AbortController();
    const waiting = slots.take(giving.signal);
    giving.abort(new Error("no patience"));
    await assert.rejects(waiting, /no patience/);
    release();
    (await slots.take(never))();
    await assert.rejects(slots.take(AbortSignal.abort(new Error("too late"))), /too late/);
  });
});
