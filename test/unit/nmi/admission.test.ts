import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { createAdmission, type Admission } from "../../../src/nmi/admission.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const limits = { mostAtOncePerCaller: 3, perSecondPerCaller: 2, burstPerCaller: 5 };
const burstAfterRefusal = 1;

let clock: SimulatedClock;
let admission: Admission;
beforeEach(() => {
  clock = createSimulatedClock(0);
  admission = createAdmission(clock, limits);
});

/** Lets one request in and out again; whether it was let in. */
function pass(caller: string): boolean {
  const entry = admission.enter(caller);
  if (entry.ok) entry.leave();
  return entry.ok;
}

function passed(caller: string, times: number): number {
  return Array.from({ length: times }, () => pass(caller)).filter(Boolean).length;
}

describe("the requests of one caller", () => {
  it("are let in up to the burst, then at the rate, and not more after a long pause", () => {
    assert.equal(passed("a", 5), 5);
    clock.advance(1_000);
    assert.equal(passed("a", 10), 2);
    clock.advance(3_600_000);
    assert.equal(passed("a", 10), 5);
  });

  it("are let in again in full once they keep to the rate, though some were refused on the way", () => {
    assert.equal(passed("a", 10), 5);
    const passedLater = Array.from({ length: 3 }, () => {
      clock.advance(2_000);
      return passed("a", 3);
    });
    assert.deepEqual(passedLater, [burstAfterRefusal, 3, 3]);
  });

  it("save up next to nothing while they are too many, and all again for who waits as long as it was told to", () => {
    assert.equal(passed("a", 10), 5);
    for (let times = 0; times < 3; times += 1) {
      clock.advance(2_000);
      assert.equal(passed("a", 10), burstAfterRefusal);
    }
    clock.advance(3_000);
    assert.equal(passed("a", 10), 5);
  });

  it("do not use up what others may send", () => {
    passed("a", 1_000);
    assert.equal(passed("b", 10), 5);
  });

  it("are refused while as many are under way as may, and let in when one has ended", () => {
    const entries = Array.from({ length: 3 }, () => admission.enter("a"));
    assert.equal(pass("a"), false);
    const [first] = entries;
    assert.ok(first?.ok);
    first.leave();
    assert.equal(pass("a"), true);
  });

  it("are refused with 429 in a way that no SDK gives up on, and told to the log once in ten seconds", () => {
    passed("a", 5);
    const told = Array.from({ length: 3 }, () => admission.enter("a")).map(
      (entry) => !entry.ok && entry.isNews,
    );
    assert.deepEqual(told, [true, false, false]);
    clock.advance(10_000);
    passed("a", 5);
    const again = admission.enter("a");
    assert.ok(!again.ok);
    assert.deepEqual([again.refusal.kind, again.isNews], ["tooManyRequests", true]);
  });
});

describe("callers", () => {
  it("are forgotten when many others have come, but not while they have requests under way", () => {
    const held = admission.enter("busy");
    passed("idle", 5);
    passed("busy", 5);
    for (let index = 0; index < 5_000; index += 1) pass(`caller ${index}`);
    assert.equal(pass("idle"), true);
    assert.equal(pass("busy"), false);
    assert.ok(held.ok);
  });
});
