import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { orAborted } from "../../../src/runtime/deadline.ts";

describe("waiting for what takes no signal", () => {
  const never = new Promise<string>(() => undefined);
  const reason = new Error("given up");

  it("gives what it gives", async () => {
    assert.equal(await orAborted(Promise.resolve("token"), new AbortController().signal), "token");
    await assert.rejects(orAborted(Promise.reject(reason), new AbortController().signal), reason);
  });

  it("ends as soon as the caller gives up, though nothing came", async () => {
    const caller = new AbortController();
    const waiting = orAborted(never, caller.signal);
    caller.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(orAborted(Promise.resolve("late"), AbortSignal.abort(reason)), reason);
  });
});
