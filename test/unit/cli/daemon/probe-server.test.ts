import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { describe, it, type TestContext } from "node:test";

import { startProbeServer } from "../../../../src/cli/daemon/probe-server.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";
import { createMetrics } from "../../../../src/runtime/metrics.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";
import { findFreePort } from "../../../control-plane/ports.ts";

/** Another daemon, which shares nothing, and the port that it has. */
async function startOther(t: TestContext): Promise<{ readonly other: Server; readonly port: number }> {
  const other = createServer().listen(0, "127.0.0.1");
  t.after(() => void other.close());
  await once(other, "listening");
  const address: AddressInfo | string | null = other.address();
  assert.ok(address !== null && typeof address !== "string");
  return { other, port: address.port };
}

const answers = {
  health: () => "Active",
  notReady: () => [],
  notes: () => [],
  metrics: createMetrics(),
};

describe("a probe port that another daemon has", () => {
  it("is served as soon as it is free, by who waits for it", async (t) => {
    const { other, port } = await startOther(t);
    const clock = createSimulatedClock(0);
    const waiting = { clock, log: createSilentLog(), signal: new AbortController().signal };
    const waits = clock.timerStarted();
    const starting = startProbeServer({ host: "127.0.0.1", ports: [port], isShared: true }, answers, waiting);
    await waits;
    other.close();
    await once(other, "close");
    clock.advance(100);
    const probes = (await starting) ?? assert.fail("it was not told to stop");
    assert.deepEqual(probes.ports, [port]);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text(), "Active");
    await probes.close();
  });

  it("is not waited for by who is told to stop, who serves nothing then", async (t) => {
    const { port } = await startOther(t);
    const clock = createSimulatedClock(0);
    const stopping = new AbortController();
    const waiting = { clock, log: createSilentLog(), signal: stopping.signal };
    const waits = clock.timerStarted();
    const free = await findFreePort();
    const ports = [free, port];
    const starting = startProbeServer({ host: "127.0.0.1", ports, isShared: false }, answers, waiting);
    await waits;
    assert.equal(await (await fetch(`http://127.0.0.1:${free}/healthz`)).text(), "Active");
    stopping.abort();
    assert.equal(await starting, null);
    await assert.rejects(fetch(`http://127.0.0.1:${free}/healthz`));
    assert.equal(clock.nextTimerInMs(), null);
  });

  it("ends at once who does not wait, and nothing stays open", async (t) => {
    const { port } = await startOther(t);
    await assert.rejects(
      startProbeServer({ host: "127.0.0.1", ports: [0, port], isShared: false }, answers),
      {
        exitCode: 3,
        message: /^the probe and metrics ports cannot be served: listen EADDRINUSE/,
      },
    );
  });
});
