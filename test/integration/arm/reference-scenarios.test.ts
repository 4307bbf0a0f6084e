import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { managedID, setID, startArmWorld, vmID } from "./arm-world.ts";

// Scenarios of the reference's e2e suite (reference/aad-pod-identity.md §8.2) about identities on machines that no
// other file has; its AKS is the emulator here, asked by @azure/arm-compute.

const pool = setID("pool");
const vm = vmID("vm-0");
const minute = 60_000;
const { signal } = new AbortController();

describe("five identities of five pods on one machine", () => {
  it("come in order and go in another: those that are still wanted stay", async (t) => {
    const identities = ["id-0", "id-1", "id-2", "id-3", "id-4"];
    const world = await startArmWorld(t, { machines: { [pool]: ["node-0"] }, identities });
    for (const [index, name] of identities.entries()) {
      world.addPod(`pod-${name}`, "node-0", [name]);
      await world.pass(minute);
      assert.deepEqual(world.on(pool), identities.slice(0, index + 1));
    }
    const left = new Set(identities);
    for (const name of ["id-3", "id-0", "id-4", "id-1", "id-2"]) {
      world.cluster.remove("Pod", `shop/pod-${name}`);
      left.delete(name);
      await world.pass(minute);
      assert.deepEqual(world.on(pool), [...left]);
      assert.deepEqual(
        world.objects(),
        [...left].map((one) => `pod-${one}-shop-${one} Assigned`),
      );
    }
  });
});

describe("identities that do not exist", () => {
  it("come later and disturb neither what is Assigned nor what comes after them", async (t) => {
    const world = await startArmWorld(t, {
      machines: { [pool]: ["node-0"] },
      identities: ["good-0", "good-1"],
    });
    world.addPod("first", "node-0", ["good-0"]);
    await world.pass(minute);
    world.addPod("bad-0", "node-0", ["none-0"]);
    world.addPod("bad-1", "node-0", ["none-1"]);
    await world.pass(minute);
    world.addPod("last", "node-0", ["good-1"]);
    await world.pass(2 * minute);
    assert.deepEqual(world.objects(), [
      "bad-0-shop-none-0 Created",
      "bad-1-shop-none-1 Created",
      "first-shop-good-0 Assigned",
      "last-shop-good-1 Assigned",
    ]);
    assert.deepEqual(world.on(pool), ["good-0", "good-1"]);
  });
});

describe("an identity that somebody took off in Azure", () => {
  it("does not keep the object of its pod when that goes", async (t) => {
    const world = await startArmWorld(t, {
      machines: { [vm]: ["node-0"] },
      identities: ["reader"],
      driftIntervalMs: 0,
    });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(minute);
    const taken = world.others.changeIdentities(vm, { add: [], remove: [managedID("reader")] }, signal);
    await world.pass(minute);
    assert.ok((await taken).ok);
    assert.deepEqual([world.on(vm), world.objects()], [[], ["web-0-shop-reader Assigned"]]);

    world.cluster.remove("Pod", "shop/web-0");
    await world.pass(minute);
    assert.deepEqual([world.on(vm), world.objects()], [[], []]);
  });
});
