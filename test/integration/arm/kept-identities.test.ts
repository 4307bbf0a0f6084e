import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { immutableIdentities } from "../../../src/azure/immutable-identities.ts";
import { clientIDOf, managedID, setID, startArmWorld, vmID } from "./arm-world.ts";

const vm = vmID("vm-0");
const pool = setID("pool");
const machines = { [vm]: ["node-0"], [pool]: ["node-1"] };
const second = 1000;
const minute = 60 * second;
const { signal } = new AbortController();

describe("identities that must stay", () => {
  it("do when the last pod goes: by client id as ARM knows it, by resource id, and the cluster's own", async (t) => {
    const identities = ["by-client", "by-resource", "clusters-own", "other"];
    const names = [clientIDOf(1).toUpperCase(), managedID("BY-RESOURCE"), clientIDOf(3)];
    const isImmutable = immutableIdentities(() => names);
    const world = await startArmWorld(t, { machines, identities, access: { isImmutable } });
    world.addPod("web-0", "node-0", identities);
    world.addPod("web-1", "node-1", identities);
    await world.pass(minute);
    assert.deepEqual([world.on(vm), world.on(pool)], [identities, identities]);
    world.cluster.remove("Pod", "shop/web-0");
    world.cluster.remove("Pod", "shop/web-1");
    await world.pass(minute);
    assert.deepEqual(world.objects(), []);
    const kept = identities.slice(0, 3);
    assert.deepEqual([world.on(vm), world.on(pool)], [kept, kept]);
  });

  it("do when they were there before us", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["reader", "writer"] });
    const other = world.others.changeIdentities(vm, { add: [managedID("READER")], remove: [] }, signal);
    await world.pass(minute);
    assert.ok((await other).ok);
    world.addPod("web-0", "node-0", ["reader", "writer"]);
    await world.pass(minute);
    world.cluster.remove("Pod", "shop/web-0");
    await world.pass(minute);
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(
      world.on(vm).map((name) => name.toLowerCase()),
      ["reader"],
    );
  });
});

describe("an identity that somebody took off", () => {
  it("is put back every 3 minutes, whatever is wrong with other targets; nothing is removed", async (t) => {
    const identities = ["reader", "writer", "foreign"];
    const world = await startArmWorld(t, { machines, identities });
    world.addPod("web-0", "node-0", ["reader", "writer"]);
    world.addPod("web-1", "node-1", ["reader"]);
    await world.pass(minute);
    const drift = { add: [managedID("foreign")], remove: [managedID("reader")] };
    const other = world.others.changeIdentities(pool, drift, signal);
    await world.pass(minute);
    assert.ok((await other).ok);
    world.emulator.removeMachine(vm);
    const before = world.calls("PATCH").length;
    await world.pass(minute - 1);
    assert.equal(world.calls("PATCH").length, before);
    await world.pass(minute);
    assert.deepEqual(world.on(pool), ["foreign", "reader"]);
    assert.deepEqual(world.calls("PATCH").slice(before), ["+180 PATCH 202"]);
  });

  it("costs one GET for each target when nothing is missing, and nothing when the interval is 0", async (t) => {
    for (const [driftIntervalMs, reads] of [
      [180_000, 3],
      [0, 0],
    ] as const) {
      const world = await startArmWorld(t, { machines, identities: ["reader"], driftIntervalMs });
      world.addPod("web-1", "node-1", ["reader"]);
      await world.pass(minute);
      const before = world.calls("GET").length;
      await world.pass(9 * minute);
      assert.equal(world.calls("GET").length - before, reads);
      assert.equal(world.calls("PATCH").length, 1);
    }
  });
});
