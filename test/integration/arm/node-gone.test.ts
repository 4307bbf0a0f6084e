import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type ArmWorld, managedID, startArmWorld, vmID } from "./arm-world.ts";

const vm = vmID("vm-0");
const other = vmID("vm-1");
const machines = { [vm]: ["node-0"], [other]: ["node-1"] };
const node = { name: "node-0", providerID: `azure://${vm}` };
const second = 1000;
const minute = 60 * second;
const { signal } = new AbortController();

function preAssigned({ cluster }: ArmWorld): readonly string[] {
  return cluster
    .list("AzureAssignedIdentity")
    .filter(({ annotations }) => annotations["podid.dev/pre-assigned"] === "true")
    .map(({ name }) => name);
}

describe("Node removed and registered again, VM still there", () => {
  it("the pod has its identity again, and nothing is left when it goes", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["reader"] });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(minute);
    world.cluster.remove("Node", "node-0");
    await world.pass(20 * second);
    world.cluster.put("Node", node);
    // Azure takes 40 s to take it off, which is under way, and as long to put it back.
    await world.pass(2 * minute);
    assert.deepEqual([world.objects(), world.on(vm)], [["web-0-shop-reader Assigned"], ["reader"]]);
    assert.deepEqual(preAssigned(world), []);
    world.cluster.remove("Pod", "shop/web-0");
    await world.pass(10 * minute);
    assert.deepEqual([world.objects(), world.on(vm)], [[], []]);
  });

  it("nothing wanted is removed: neither what others have nor what was there before", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["foreign", "reader"] });
    const before = world.others.changeIdentities(vm, { add: [managedID("foreign")], remove: [] }, signal);
    await world.pass(minute);
    assert.ok((await before).ok);
    world.addPod("web-0", "node-0", ["foreign", "reader"]);
    world.addPod("web-1", "node-1", ["reader"]);
    await world.pass(minute);
    world.cluster.remove("Node", "node-0");
    await world.pass(minute);
    assert.deepEqual([world.on(vm), world.on(other)], [["foreign"], ["reader"]]);
    assert.deepEqual(world.objects(), ["web-1-shop-reader Assigned"]);
    world.cluster.put("Node", node);
    await world.pass(minute);
    assert.deepEqual([world.on(vm), world.on(other)], [["foreign", "reader"], ["reader"]]);
    world.cluster.remove("Pod", "shop/web-0");
    await world.pass(10 * minute);
    assert.deepEqual([world.on(vm), world.on(other)], [["foreign"], ["reader"]]);
  });
});

describe("Node removed, VM deleted", () => {
  it("lets go of the objects after one GET and no PATCH", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["reader"], driftIntervalMs: 0 });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(minute);
    const [gets, patches] = [world.calls("GET").length, world.calls("PATCH").length];
    world.emulator.removeMachine(vm);
    world.cluster.remove("Node", "node-0");
    await world.pass(10 * minute);
    assert.deepEqual(world.objects(), []);
    assert.deepEqual([world.calls("GET").length - gets, world.calls("PATCH").length - patches], [1, 0]);
  });
});
