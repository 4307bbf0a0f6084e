import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { createSlots } from "../../../src/nmi/slots.ts";

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
