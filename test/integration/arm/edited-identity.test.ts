import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { makeIdentity } from "../../unit/controller/objects.ts";
import { type ArmWorld, managedID, startArmWorld, vmID } from "./arm-world.ts";

const vm = vmID("vm-0");
const machines = { [vm]: ["node-0"] };
const minute = 60_000;

/** AzureIdentity shop/reader becomes the managed identity `name`. */
function edit({ cluster }: ArmWorld, name: string): void {
  cluster.put("AzureIdentity", makeIdentity("reader", { spec: { resourceID: managedID(name) } }));
}

/** What the objects are about, and how far they are. */
function states({ cluster }: ArmWorld): readonly string[] {
  return cluster
    .list("AzureAssignedIdentity")
    .map(({ spec, status }) => `${spec.azureIdentityRef?.spec.resourceID.split("/").at(-1)} ${status.status}`)
    .toSorted();
}

describe("an AzureIdentity that becomes another resource", () => {
  it("costs its VM one PATCH, at no moment of which its pods have neither, and then again", async (t) => {
    const identities = ["reader", "moved", "third"];
    const world = await startArmWorld(t, { machines, identities });
    world.addPod("web-0", "node-0", ["reader"]);
    world.addPod("web-1", "node-0", ["reader"]);
    await world.pass(minute);
    for (const name of ["moved", "third"]) {
      const before = world.calls("PATCH").length;
      edit(world, name);
      for (let second = 0; second < 60; second += 1) {
        await world.pass(1000);
        assert.notDeepEqual(world.on(vm), []);
      }
      assert.equal(world.calls("PATCH").length - before, 1);
      assert.deepEqual([world.on(vm), states(world)], [[name], [`${name} Assigned`, `${name} Assigned`]]);
    }
    world.cluster.remove("Pod", "shop/web-0");
    world.cluster.remove("Pod", "shop/web-1");
    await world.pass(minute);
    assert.deepEqual([world.on(vm), states(world)], [[], []]);
  });

  it("loses the old one, and has the new one as soon as ARM knows that", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["reader"] });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(minute);
    edit(world, "moved");
    await world.pass(minute);
    assert.deepEqual([world.on(vm), states(world)], [[], ["moved Created"]]);
    await world.addIdentities(["moved"]);
    await world.pass(30 * minute);
    assert.deepEqual([world.on(vm), states(world)], [["moved"], ["moved Assigned"]]);
  });

  it("is as before when it is edited back while ARM works", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["reader", "moved"] });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(minute);
    edit(world, "moved");
    await world.pass(10_000);
    edit(world, "reader");
    await world.pass(3 * minute);
    assert.deepEqual([world.on(vm), states(world)], [["reader"], ["reader Assigned"]]);
  });
});
