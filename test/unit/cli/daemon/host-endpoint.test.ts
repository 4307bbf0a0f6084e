import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { listenAtLoopbacks } from "../../../../src/cli/daemon/host-endpoint.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";

const refusal = (code: string): Promise<never> =>
  Promise.reject(Object.assign(new Error(`listen ${code}`), { code }));

function setUp() {
  const clock = createSimulatedClock(Date.parse("2026-06-14T12:00:00Z"));
  const stopping = new AbortController();
  const warned: unknown[] = [];
  const log = { ...createSilentLog(), warn: (fields: unknown) => void warned.push(fields) };
  return { clock, stopping, warned, parts: { clock, log, signal: stopping.signal } };
}

describe("the host token endpoint", () => {
  const rows = [
    { host: "127.0.0.1", expected: ["::1"] },
    { host: "::1", expected: ["127.0.0.1"] },
    { host: "10.0.0.4", expected: ["127.0.0.1", "::1"] },
    { host: "0.0.0.0", expected: [] },
  ];
  for (const { host, expected } of rows) {
    it(`is served at ${expected.join(" and ") || "no other address"} beside ${host}`, async () => {
      const served: string[] = [];
      const endpoint = await listenAtLoopbacks(
        setUp().parts,
        host,
        async (loopback) => void served.push(loopback),
      );
      assert.deepEqual(served, expected);
      assert.equal(endpoint.problem(), null);
      await endpoint.close();
    });
  }

  it("does without an IPv6 loopback, which a node may lack, and says so in the log alone", async () => {
    const { parts, warned, clock } = setUp();
    const endpoint = await listenAtLoopbacks(parts, "127.0.0.1", () => refusal("EADDRNOTAVAIL"));
    await endpoint.close();
    assert.partialDeepStrictEqual(warned, [{ loopback: "::1" }]);
    assert.equal(endpoint.problem(), null);
    assert.equal(clock.nextTimerInMs(), null);
  });

  it("waits for a loopback that another daemon has, beside its work, and says so meanwhile", async () => {
    const { parts, warned, clock } = setUp();
    let isFree = false;
    const served = Promise.withResolvers<void>();
    const endpoint = await listenAtLoopbacks(parts, "::1", async () => {
      if (!isFree) return refusal("EADDRINUSE");
      served.resolve();
      return undefined;
    });
    for (let seconds = 0; seconds < 60; seconds += 1) {
      assert.equal(endpoint.problem(), "/host/token is not served at 127.0.0.1 (listen EADDRINUSE)");
      const waits = clock.timerStarted();
      clock.advance(1000);
      await waits;
    }
    assert.equal(warned.length, 1);
    isFree = true;
    clock.advance(1000);
    await served.promise;
    await endpoint.close();
    assert.equal(endpoint.problem(), null);
  });

  for (const how of ["closed", "told to stop"] as const) {
    it(`does not begin to listen once it is ${how}`, async () => {
      const { parts, stopping, clock } = setUp();
      let tries = 0;
      const endpoint = await listenAtLoopbacks(parts, "::1", () => {
        tries += 1;
        return refusal("EADDRINUSE");
      });
      if (how === "told to stop") stopping.abort();
      await endpoint.close();
      assert.equal(tries, 1);
      assert.equal(clock.nextTimerInMs(), null);
    });
  }
});
