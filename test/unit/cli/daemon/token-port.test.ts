import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { listenInTurn } from "../../../../src/cli/daemon/token-port.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";

const isTaken = (): Promise<never> =>
  Promise.reject(Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE" }));

function setUp() {
  const clock = createSimulatedClock(Date.parse("2026-06-14T12:00:00Z"));
  const stopping = new AbortController();
  return { clock, stopping, deps: { clock, log: createSilentLog(), signal: stopping.signal } };
}

describe("a token port that is taken", () => {
  it("is served as soon as it is free", async () => {
    const { clock, deps } = setUp();
    let tries = 0;
    const waits = clock.timerStarted();
    const listening = listenInTurn(deps, () => {
      tries += 1;
      return tries < 2 ? isTaken() : Promise.resolve("served");
    });
    await waits;
    clock.advance(100);
    assert.equal(await listening, "served");
    assert.equal(tries, 2);
  });

  it("is given up after 10 s", async () => {
    const { clock, deps } = setUp();
    const failed = assert.rejects(listenInTurn(deps, isTaken), {
      exitCode: 3,
      message: "podid nmi: the token port cannot be served: listen EADDRINUSE",
    });
    for (let count = 0; count < 100; count += 1) {
      await clock.timerStarted();
      clock.advance(100);
    }
    await failed;
  });

  it("is not waited for when the daemon is told to stop, which is no failure", async () => {
    const { clock, stopping, deps } = setUp();
    const waits = clock.timerStarted();
    const listening = listenInTurn(deps, isTaken);
    await waits;
    stopping.abort();
    assert.equal(await listening, null);
    assert.equal(clock.nextTimerInMs(), null);
  });

  it("is another matter than one that may not be had at all", async () => {
    const { clock, deps } = setUp();
    const denied = Object.assign(new Error("listen EACCES"), { code: "EACCES" });
    await assert.rejects(
      listenInTurn(deps, () => Promise.reject(denied)),
      { exitCode: 3, cause: denied },
    );
    assert.equal(clock.nextTimerInMs(), null);
  });
});
