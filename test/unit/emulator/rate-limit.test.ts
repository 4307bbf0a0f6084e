import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createRateLimit } from "../../../src/emulator/rate-limit.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

describe("createRateLimit", () => {
  it("admits so many within any second, and more a second later", () => {
    const clock = createSimulatedClock(0);
    const limit = createRateLimit(clock, { requestsPerSecond: 2, concurrentRequests: 9 });
    const admitted = (): boolean => {
      const leave = limit.enter();
      leave?.();
      return leave !== null;
    };
    assert.deepEqual([admitted(), admitted(), admitted()], [true, true, false]);
    clock.advance(999);
    assert.equal(admitted(), false);
    clock.advance(1);
    assert.deepEqual([admitted(), admitted(), admitted()], [true, true, false]);
  });

  it("admits so many at once, and another one when one is over", () => {
    const limit = createRateLimit(createSimulatedClock(0), { requestsPerSecond: 9, concurrentRequests: 2 });
    const leave = limit.enter();
    assert.notEqual(limit.enter(), null);
    assert.equal(limit.enter(), null);
    leave?.();
    assert.notEqual(limit.enter(), null);
  });
});
