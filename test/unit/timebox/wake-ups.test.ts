import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { instantFromSeconds } from "../../../src/timebox/instant.ts";
import { createWakeUps } from "../../../src/timebox/wake-ups.ts";

const at = instantFromSeconds;

describe("wake-ups", () => {
  it("come out when they are due, earliest first, those of one instant by key", () => {
    const wakeUps = createWakeUps();
    wakeUps.set("shop/late", at(30));
    wakeUps.set("shop/b", at(10));
    wakeUps.set("shop/a", at(10));
    assert.deepEqual(wakeUps.popDue(at(9)), []);
    assert.deepEqual(wakeUps.popDue(at(10)), ["shop/a", "shop/b"]);
    assert.deepEqual(wakeUps.peek(), { key: "shop/late", at: at(30) });
    assert.deepEqual(wakeUps.popDue(at(1000)), ["shop/late"]);
    assert.equal(wakeUps.peek(), undefined);
  });

  it("have one plan per key: the last", () => {
    const wakeUps = createWakeUps();
    wakeUps.set("shop/a", at(10));
    wakeUps.set("shop/a", at(20));
    assert.deepEqual(wakeUps.popDue(at(15)), []);
    wakeUps.set("shop/a", at(5));
    assert.deepEqual(wakeUps.popDue(at(50)), ["shop/a"]);
    assert.deepEqual(wakeUps.popDue(at(50)), []);
  });

  it("are forgotten on request", () => {
    const wakeUps = createWakeUps();
    wakeUps.set("shop/a", at(10));
    wakeUps.delete("shop/a");
    wakeUps.delete("shop/unknown");
    assert.equal(wakeUps.peek(), undefined);
  });

  it("behave like a sorted map", () => {
    const key = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const second = fc.integer({ min: 0, max: 60 });
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ kind: fc.constant("set" as const), key, second }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), key, second }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("pop" as const), key, second }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
        const wakeUps = createWakeUps();
        const model = new Map<string, number>();
        const due = (now: number): readonly string[] =>
          [...model]
            .filter(([, planned]) => planned <= now)
            .toSorted(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
            .map(([name]) => name);
        for (const { kind, key: name, second: now } of steps) {
          if (kind === "set") {
            wakeUps.set(name, at(now));
            model.set(name, now);
          } else if (kind === "delete") {
            wakeUps.delete(name);
            model.delete(name);
          } else {
            const expected = due(now);
            assert.deepEqual(wakeUps.popDue(at(now)), expected);
            for (const gone of expected) model.delete(gone);
          }
          assert.equal(wakeUps.peek()?.key, due(Infinity)[0]);
        }
      }),
    );
  });
});
