import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";

import { withDeadline } from "../../../src/nmi/deadline.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

describe("a call with a deadline", () => {
  it("leaves nothing at a signal that lives as long as the daemon, however it ends", async () => {
    const clock = createSimulatedClock(0);
    const limit = { clock, timeoutMs: 1000, signal: new AbortController().signal };
    const seen: AbortSignal[] = [];
    const remember = <T>(signal: AbortSignal, result: Promise<T>): Promise<T> => {
      seen.push(signal);
      return result;
    };
    assert.equal(await withDeadline(limit, (signal) => remember(signal, Promise.resolve("token"))), "token");
    const failing = withDeadline(limit, (signal) => remember(signal, Promise.reject(new Error("refused"))));
    await assert.rejects(failing, /refused/);
    const late = withDeadline(limit, (signal) => remember(signal, new Promise<never>(() => undefined)));
    clock.advance(1000);
    await assert.rejects(late, /no answer in time/);
    assert.deepEqual(
      seen.map((signal) => getEventListeners(signal, "abort").length),
      [0, 0, 0],
    );
    assert.equal(clock.nextTimerInMs(), null);
  });
});
