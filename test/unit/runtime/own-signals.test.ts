import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";

import { createOwnSignals } from "../../../src/runtime/own-signals.ts";

describe("a signal of one's own", () => {
  it("aborts with what all have in common, with its reason", async () => {
    const common = new AbortController();
    const signals = createOwnSignals(common.signal);
    const reason = new Error("closing");
    const [one, other] = [signals.during(undefined, untilAborted), signals.during(undefined, untilAborted)];
    common.abort(reason);
    assert.deepEqual([await one, await other], [reason, reason]);
    assert.equal(await signals.during(undefined, untilAborted), reason, "who begins after the end");
  });

  it("aborts with the caller's, which concerns no other", async () => {
    const signals = createOwnSignals(new AbortController().signal);
    const caller = new AbortController();
    const reason = new Error("not wanted any more");
    const mine = signals.during(caller.signal, untilAborted);
    const other = signals.during(undefined, async (signal) => {
      await mine;
      return signal.aborted;
    });
    caller.abort(reason);
    assert.equal(await mine, reason);
    assert.equal(await other, false);
    assert.equal(await signals.during(caller.signal, untilAborted), reason, "who begins after the end");
  });

  it("leaves nothing behind when the work has ended, well or not", async () => {
    const [common, caller] = [new AbortController(), new AbortController()];
    const signals = createOwnSignals(common.signal);
    assert.equal(await signals.during(caller.signal, async () => 7), 7);
    await assert.rejects(
      signals.during(caller.signal, async () => {
        throw new Error("broken");
      }),
      /broken/,
    );
    assert.equal(getEventListeners(caller.signal, "abort").length, 0);
    assert.equal(getEventListeners(common.signal, "abort").length, 1);
  });
});

/** Resolves with the reason. */
function untilAborted(signal: AbortSignal): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const tell = (): void => resolve(signal.reason);
  if (signal.aborted) tell();
  signal.addEventListener("abort", tell);
  return promise;
}
