import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ArmFault } from "../../../src/emulator/arm-faults.ts";
import { managedID, setID, startArmWorld, vmID } from "./arm-world.ts";

const vm = vmID("vm-0");
const pool = setID("pool");
const machines = { [vm]: ["node-0"], [pool]: ["node-1"] };
const identities = ["reader", "writer"];
const second = 1000;
const minute = 60 * second;

const answer = (status: number, code: string, retryAfter?: string): ArmFault["action"] => ({
  kind: "answer",
  status,
  code,
  message: "a fault",
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

describe("ARM that says 429", () => {
  const rows = [
    { name: "seconds", retryAfter: "42", returnsAt: 43 },
    { name: "an HTTP date", retryAfter: "Sun, 14 Jun 2026 12:02:00 GMT", returnsAt: 120 },
  ];
  for (const { name, retryAfter, returnsAt } of rows) {
    it(`is left in peace by all targets of the subscription, to the second, and then asked again: ${name}`, async (t) => {
      const world = await startArmWorld(t, { machines, identities });
      const action = answer(429, "TooManyRequests", retryAfter);
      world.emulator.addArmFault({ match: { method: "PATCH", machineID: vm }, count: 1, action });
      world.addPod("web-0", "node-0", ["reader"]);
      await world.pass(second);
      world.addPod("web-1", "node-1", ["writer"]);
      await world.pass((returnsAt - 1) * second - 1);
      assert.deepEqual(world.calls("PATCH"), ["+1 PATCH 429"]);
      await world.pass(1);
      assert.deepEqual(world.calls("PATCH"), [
        "+1 PATCH 429",
        `+${returnsAt} PATCH 202`,
        `+${returnsAt} PATCH 202`,
      ]);
      await world.pass(minute);
      assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-1-shop-writer Assigned"]);
    });
  }
});

describe("an operation", () => {
  it("that fails late for one identity leaves the others assigned", async (t) => {
    const world = await startArmWorld(t, { machines, identities });
    const end = {
      kind: "fails",
      code: "FailedIdentityOperation",
      message: `Resource '${managedID("writer").toUpperCase()}' was not found.`,
    } as const;
    const match = { method: "PATCH", adds: managedID("writer") } as const;
    const mend = world.emulator.addArmFault({ match, action: { kind: "operation", end } });
    world.addPod("web-0", "node-0", ["reader", "writer"]);
    await world.pass(2 * minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-0-shop-writer Created"]);
    mend();
    await world.pass(10 * minute);
    assert.deepEqual(world.on(vm), identities);
  });

  it("that never ends holds its own target alone, for 10 minutes, and is told", async (t) => {
    const world = await startArmWorld(t, { machines, identities });
    const action = { kind: "operation", end: { kind: "never" } } as const;
    world.emulator.addArmFault({ match: { method: "PATCH", machineID: vm }, count: 1, action });
    world.addPod("web-0", "node-0", ["reader"]);
    world.addPod("web-1", "node-1", ["reader"]);
    await world.pass(minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Created", "web-1-shop-reader Assigned"]);
    await world.pass(10 * minute);
    assert.ok(world.cluster.events.some(({ message }) => /did not end within 10 minutes/.test(message)));
    world.cluster.remove("Pod", "shop/web-0");
    world.emulator.removeMachine(vm);
    await world.pass(5 * minute);
    assert.deepEqual(world.objects(), ["web-1-shop-reader Assigned"], "a machine that is gone holds nothing");
  });

  it("whose URL vanishes is judged by what the machine shows", async (t) => {
    const world = await startArmWorld(t, { machines, identities, settings: { operationDurationMs: 5000 } });
    const action = { kind: "operation", end: { kind: "vanishes" } } as const;
    world.emulator.addArmFault({ match: { method: "PATCH" }, action });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.deepEqual(world.calls("PATCH"), ["+1 PATCH 202"]);
  });

  it("whose URL vanishes before the change is made is not sent again while ARM works on it", async (t) => {
    const world = await startArmWorld(t, { machines, identities, settings: { retryAfterSeconds: 2 } });
    const action = { kind: "operation", end: { kind: "vanishes" } } as const;
    world.emulator.addArmFault({ match: { method: "PATCH" }, action });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(2 * minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    const accepted = world.calls("PATCH").filter((call) => call.endsWith(" 202"));
    assert.equal(accepted.length, 1);
  });
});

describe("a machine", () => {
  it("that is being deleted is not asked to change, and what it had is let go when it is gone", async (t) => {
    const world = await startArmWorld(t, { machines, identities });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(minute);
    world.emulator.markDeleting(vm);
    world.addPod("web-1", "node-0", ["writer"]);
    world.cluster.remove("Pod", "shop/web-0");
    await world.pass(2 * minute);
    assert.equal(world.calls("PATCH").length, 1);
    assert.ok(world.cluster.events.some(({ message }) => /deleting: Azure is deleting/.test(message)));
    world.cluster.remove("Pod", "shop/web-1");
    world.emulator.removeMachine(vm);
    await world.pass(2 * minute);
    assert.deepEqual(world.objects(), []);
    assert.equal(world.calls("PATCH").length, 1);
  });

  it("that somebody else is changing is changed afterwards", async (t) => {
    const world = await startArmWorld(t, { machines, identities });
    const busy = answer(409, "Conflict");
    const raced = answer(412, "PreconditionFailed");
    const match = { method: "PATCH" } as const;
    world.emulator.addArmFault({ match, count: 1, action: busy });
    world.emulator.addArmFault({ match, count: 1, action: raced });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(minute);
    assert.deepEqual(world.calls("PATCH"), ["+1 PATCH 409", "+1.875 PATCH 412", "+3.625 PATCH 202"]);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.ok(!world.cluster.events.some(({ type }) => type === "Warning"));
  });
});
