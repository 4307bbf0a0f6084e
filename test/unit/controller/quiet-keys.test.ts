import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createQuietKeys } from "../../../src/controller/quiet-keys.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

describe("keys that change many times in a row", () => {
  it("are told once, when the last change is a while ago", () => {
    const { clock, keys, told } = scene();
    keys.note("a");
    clock.advance(900);
    keys.note("a");
    clock.advance(999);
    assert.deepEqual(told, []);
    clock.advance(1);
    assert.deepEqual(told, ["a"]);
    clock.advance(60_000);
    assert.deepEqual(told, ["a"]);
  });

  it("are told after the longest wait, however often they change, and then anew", () => {
    const { clock, keys, told } = scene();
    for (let halves = 0; halves < 10; halves += 1) {
      assert.deepEqual(told, []);
      keys.note("a");
      clock.advance(500);
    }
    assert.deepEqual(told, ["a"]);
    keys.note("a");
    clock.advance(1000);
    assert.deepEqual(told, ["a", "a"]);
  });

  it("wait each for itself, and no more once all is called off", () => {
    const { clock, keys, told } = scene();
    keys.note("a");
    clock.advance(500);
    keys.note("b");
    clock.advance(500);
    assert.deepEqual(told, ["a"]);
    keys.cancelAll();
    clock.advance(60_000);
    assert.deepEqual(told, ["a"]);
  });
});

function scene() {
  const clock = createSimulatedClock(0);
  const told: string[] = [];
  const keys = createQuietKeys({ clock, quietMs: 1000, longestMs: 5000, onQuiet: (key) => told.push(key) });
  return { clock, keys, told };
}
