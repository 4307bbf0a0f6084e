import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { type ArmBudget, createArmGate } from "../../../src/azure/arm-gate.ts";
import { findCloud } from "../../../src/azure/cloud.ts";
import { createCompute } from "../../../src/azure/compute.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, serveScript } from "./loopback.ts";
import { drive, managed, scaleSet, startMs, vm } from "./world.ts";

const signal = new AbortController().signal;
const [one, other] = ["00000000-0000-4000-8000-0000000000aa", "00000000-0000-4000-8000-0000000000bb"];

describe("the gate to ARM", () => {
  it("lets a burst through and then keeps ARM's pace", async () => {
    const clock = createSimulatedClock(startMs);
    const gate = createArmGate({ clock, random: () => 0 });
    const enter = async (count: number): Promise<void> => {
      await Promise.all(Array.from({ length: count }, () => gate.enter(one, "writes", signal)));
    };
    await enter(200);
    assert.equal(clock.monotonicMs(), 0);
    await drive(clock, enter(25));
    assert.equal(clock.monotonicMs(), 2_500);
  });

  it("keeps reads and writes apart, and subscriptions, in any letter case", async () => {
    const gate = createArmGate({ clock: createSimulatedClock(startMs), random: () => 0 });
    gate.close(one.toUpperCase(), "writes", 60);
    assert.deepEqual(await gate.enter(one, "writes", signal), { admitted: false, retryAfterSeconds: 60 });
    assert.deepEqual(await gate.enter(one, "reads", signal), { admitted: true });
    assert.deepEqual(await gate.enter(other, "writes", signal), { admitted: true });
  });

  const pauses = [
    { name: "to the second when ARM names a time", given: 17, random: 1, seconds: 17 },
    { name: "for 20 s when it names none", given: null, random: 0, seconds: 20 },
    {
      name: "for up to 25 s then, so that controllers do not return in step",
      given: null,
      random: 1,
      seconds: 25,
    },
  ];
  for (const { name, given, random, seconds } of pauses) {
    it(`stays closed ${name}`, async () => {
      const clock = createSimulatedClock(startMs);
      const gate = createArmGate({ clock, random: () => random });
      gate.close(one, "reads", given);
      clock.advance(seconds * 1000 - 1);
      assert.deepEqual(await gate.enter(one, "reads", signal), { admitted: false, retryAfterSeconds: 1 });
      clock.advance(1);
      assert.deepEqual(await gate.enter(one, "reads", signal), { admitted: true });
    });
  }

  it("is not opened early by a later, shorter refusal", async () => {
    const clock = createSimulatedClock(startMs);
    const gate = createArmGate({ clock, random: () => 0 });
    gate.close(one, "reads", 60);
    gate.close(one, "reads", 1);
    assert.deepEqual(await gate.enter(one, "reads", signal), { admitted: false, retryAfterSeconds: 60 });
  });

  it("is left by those whose signal aborts, and the next one passes", async () => {
    const clock = createSimulatedClock(startMs);
    const gate = createArmGate({ clock, random: () => 0 });
    await Promise.all(Array.from({ length: 200 }, () => gate.enter(one, "writes", signal)));
    const leaving = new AbortController();
    const first = gate.enter(one, "writes", signal);
    const left = gate.enter(one, "writes", leaving.signal);
    const next = gate.enter(one, "writes", signal);
    leaving.abort(new Error("gone"));
    await assert.rejects(left, /gone/, "though it is not their turn");
    assert.deepEqual(await drive(clock, first), { admitted: true });
    assert.deepEqual(await drive(clock, next), { admitted: true });
  });

  it("tells what is left", async () => {
    const budgets: ArmBudget[] = [];
    const clock = createSimulatedClock(startMs);
    const gate = createArmGate({ clock, random: () => 0, onBudget: (budget) => budgets.push(budget) });
    await gate.enter(one, "writes", signal);
    gate.close(one, "writes", 9);
    assert.deepEqual(budgets, [
      { subscriptionID: one, scope: "writes", callsLeft: 199, closedSeconds: 0 },
      { subscriptionID: one, scope: "writes", callsLeft: 199, closedSeconds: 9 },
    ]);
  });
});

describe("a machine behind the gate", () => {
  const waits = [
    { status: 429, retryAfter: "42" },
    { status: 429, retryAfter: "Sun, 14 Jun 2026 22:00:42 GMT" },
    { status: 503, retryAfter: "42" },
  ];
  for (const row of waits) {
    it(`is not asked while another was told to wait, and is afterwards: ${row.status}, ${row.retryAfter}`, (t) =>
      provePause(t, row));
  }
});

async function provePause(
  t: TestContext,
  { status, retryAfter }: { readonly status: number; readonly retryAfter: string },
): Promise<void> {
  let throttled = true;
  const arm = await serveScript(t, () =>
    throttled
      ? json(status, { error: { code: "TooManyRequests", message: "slow" } }, { "retry-after": retryAfter })
      : json(200, {
          location: "westeurope",
          identity: { type: "UserAssigned", userAssignedIdentities: { [managed("reader")]: {} } },
        }),
  );
  const clock = createSimulatedClock(startMs);
  const credential = { getToken: async () => ({ token: "t", expiresOnTimestamp: startMs + 3_600_000 }) };
  const compute = createCompute({
    clock,
    cloud: findCloud(""),
    credential,
    endpoints: { armUrl: arm.url },
  });
  const first = await compute.getIdentities(vm, signal);
  assert.ok(!first.ok && first.failure.retryAfterSeconds === 42);
  throttled = false;
  clock.advance(41_000);
  const second = await compute.getIdentities(scaleSet, signal);
  assert.ok(!second.ok && second.failure.kind === "throttled" && second.failure.retryAfterSeconds === 1);
  assert.equal(arm.requests.length, 1);
  clock.advance(1_000);
  assert.deepEqual(await compute.getIdentities(scaleSet, signal), {
    ok: true,
    identities: [managed("reader")],
  });
  assert.equal(arm.requests.length, 2);
}
