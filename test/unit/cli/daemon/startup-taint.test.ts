import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { createReadiness, type Readiness } from "../../../../src/cli/daemon/readiness.ts";
import { removeStartupTaint } from "../../../../src/cli/daemon/startup-taint.ts";
import { KubernetesError } from "../../../../src/kubernetes/errors.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../../src/runtime/simulated-clock.ts";

interface Scene {
  readonly clock: SimulatedClock;
  readonly readiness: Readiness;
  readonly asked: string[];
  readonly isOver: () => boolean;
}

/** `answers` of the API server one after the other; then the taint is gone. */
async function play(
  t: TestContext,
  initial: Readonly<Record<string, string>>,
  ...answers: readonly KubernetesError[]
): Promise<Scene> {
  const clock = createSimulatedClock(0);
  const readiness = createReadiness(initial);
  const asked: string[] = [];
  const left = [...answers];
  const untaint = async (key: string): Promise<"removed"> => {
    asked.push(key);
    const answer = left.shift();
    if (answer !== undefined) throw answer;
    return "removed";
  };
  const stopping = new AbortController();
  let isOver = false;
  const parts = { clock, log: createSilentLog(), readiness, open: { untaint } };
  const work = removeStartupTaint(parts, stopping.signal).then(() => (isOver = true));
  t.after(async () => {
    stopping.abort();
    await work;
  });
  await settle();
  return { clock, readiness, asked, isOver: () => isOver };
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await turn();
}

describe("the startup taint of an agent's node", () => {
  it("stays for as long as something keeps the agent from its work, then goes, once", async (t) => {
    const { clock, readiness, asked, isOver } = await play(t, { rules: "not in place" });
    clock.advance(60_000);
    await settle();
    assert.deepEqual(asked, []);
    readiness.set("rules", null);
    clock.advance(1000);
    await settle();
    assert.deepEqual(asked, ["podid.dev/agent-not-ready"]);
    assert.ok(isOver());
  });

  for (const code of ["Unreachable", "Invalid", "Throttled"] as const) {
    it(`is tried again after 10 s when the API server says ${code}`, async (t) => {
      const { clock, asked, isOver } = await play(t, {}, new KubernetesError(code, "later"));
      assert.equal(asked.length, 1);
      clock.advance(9999);
      await settle();
      assert.equal(asked.length, 1);
      clock.advance(1);
      await settle();
      assert.equal(asked.length, 2);
      assert.ok(isOver());
    });
  }

  it("is given up where the right to it was not given, and the agent works on", async (t) => {
    const { clock, asked, isOver } = await play(t, {}, new KubernetesError("Forbidden", "no"));
    clock.advance(60_000);
    await settle();
    assert.equal(asked.length, 1);
    assert.ok(isOver());
  });

  it("is no matter where there is no node to untaint", async () => {
    const clock = createSimulatedClock(0);
    const parts = { clock, log: createSilentLog(), readiness: createReadiness({}), open: {} };
    await removeStartupTaint(parts, new AbortController().signal);
    assert.equal(clock.nextTimerInMs(), null);
  });
});
