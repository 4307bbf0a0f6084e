import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Controller } from "../../../src/controller/controller.ts";
import { makeBinding, makePod, scaleSetId, scaleSetNode, vmId, vmNode } from "./objects.ts";
import { advance, createWorld, startController, type World } from "./world.ts";

const minute = 60_000;
const other = { name: "vm-0", providerID: `azure://${vmId("vm-9")}` };
const again = makePod("web-0", { uid: "second" });

/** Pod web-0 has its identity on VM vm-0. */
function createAssignedWorld(): World {
  const world = createWorld("2026-06-14T12:00:00Z");
  world.bind(makeBinding("reader"));
  world.cluster.put("Pod", makePod("web-0"));
  return world;
}

const unavailable = { kind: "unavailable", retryAfterSeconds: null, identities: [], detail: "503" } as const;

/** What ARM refuses until the returned function is called: all changes of VM `name`. */
function fail({ compute }: World, name: string): () => void {
  compute.failWith = (target, ids) => (target !== vmId(name) || ids.length === 0 ? null : unavailable);
  return () => void (compute.failWith = () => null);
}

/** The Node goes with its pod, and ARM refuses the removal until the returned function is called. */
function leaveInVain(world: World): () => void {
  const mend = fail(world, "vm-0");
  world.cluster.remove("Node", "vm-0");
  world.cluster.remove("Pod", "shop/web-0");
  return mend;
}

/** Names of the identities on a VM or scale set. */
function on({ compute }: World, target: string): readonly string[] {
  return Array.from(compute.machines.get(target.toLowerCase()) ?? [], (id) => id.split("/").at(-1) ?? "");
}

const plainName = "web-0-shop-reader";
const longName = `${plainName}-shop-${again.uid}`;

async function expectMoved(world: World, controller: Controller, name: string): Promise<void> {
  await advance(world, controller, 2 * minute);
  assert.deepEqual(world.objects(), [`${name} Assigned`]);
  assert.deepEqual([on(world, vmId("vm-0")), on(world, vmId("vm-9"))], [[], ["reader"]]);
  world.cluster.remove("Pod", "shop/web-0");
  await controller.settled();
  assert.deepEqual([world.objects(), on(world, vmId("vm-9"))], [[], []]);
}

describe("a Node that comes back under its name with another VM", () => {
  for (const pod of [makePod("web-0"), again]) {
    it(`loses the identity on the old VM and has it on the new one, for pod ${pod.uid}`, async (t) => {
      const world = createAssignedWorld();
      const controller = await startController(t, world);
      world.cluster.put("Pod", pod);
      world.cluster.put("Node", other);
      await expectMoved(world, controller, `${plainName}-shop-${pod.uid}`);
    });
  }

  for (const pod of [makePod("web-0"), again]) {
    it(`has it on the new VM though ARM refuses the removal from the old one, for pod ${pod.uid}`, async (t) => {
      const world = createAssignedWorld();
      const controller = await startController(t, world);
      const mend = leaveInVain(world);
      await advance(world, controller, minute);
      world.cluster.put("Node", other);
      world.cluster.put("Pod", pod);
      await advance(world, controller, minute);
      const name = `${plainName}-shop-${pod.uid}`;
      assert.deepEqual(world.objects(), [`${plainName} Assigned`, `${name} Assigned`]);
      assert.deepEqual([on(world, vmId("vm-0")), on(world, vmId("vm-9"))], [["reader"], ["reader"]]);
      mend();
      await expectMoved(world, controller, name);
    });
  }

  it("has it on a third VM though ARM refuses the removal from both before", async (t) => {
    const world = createAssignedWorld();
    const controller = await startController(t, world);
    const { compute } = world;
    await controller.settled();
    fail(world, "vm-0");
    world.cluster.put("Node", other);
    await advance(world, controller, minute);
    compute.failWith = (target, ids) => (target === vmId("vm-8") || ids.length === 0 ? null : unavailable);
    world.cluster.put("Node", { name: "vm-0", providerID: `azure://${vmId("vm-8")}` });
    await advance(world, controller, minute);
    assert.deepEqual(on(world, vmId("vm-8")), ["reader"]);
    const third =
      world.objects().find((line) => /-[0-9a-f]{8} Assigned$/.test(line)) ?? assert.fail("no third");
    assert.equal(world.objects().length, 3);
    compute.failWith = () => null;
    await advance(world, controller, 2 * minute);
    assert.deepEqual(world.objects(), [third]);
    assert.deepEqual(
      ["vm-0", "vm-9", "vm-8"].map((name) => on(world, vmId(name))),
      [[], [], ["reader"]],
    );
  });

  it("does so when leaders follow each other and find nothing but the objects", async (t) => {
    const world = createAssignedWorld();
    const first = await startController(t, world);
    const mend = leaveInVain(world);
    await advance(world, first, 1000);
    await first.close();
    world.cluster.put("Node", other);
    world.cluster.put("Pod", again);
    const second = await startController(t, world);
    await advance(world, second, minute);
    await second.close();
    assert.deepEqual(world.objects(), [`${plainName} Assigned`, `${longName} Assigned`]);
    mend();
    await expectMoved(world, await startController(t, world), longName);
  });

  it("takes over what is left of the pod when the old VM comes back, and the new one loses it", async (t) => {
    const world = createAssignedWorld();
    const controller = await startController(t, world);
    const mend = leaveInVain(world);
    world.cluster.put("Node", other);
    world.cluster.put("Pod", again);
    await advance(world, controller, minute);
    mend();
    world.cluster.put("Node", vmNode("vm-0"));
    await advance(world, controller, 2 * minute);
    assert.deepEqual(world.objects(), [`${plainName} Assigned`]);
    assert.deepEqual([on(world, vmId("vm-0")), on(world, vmId("vm-9"))], [["reader"], []]);
  });

  it("does so when it names no VM at first, with and without a pod that wants the identity", async (t) => {
    for (const pods of [[again], []]) {
      const world = createAssignedWorld();
      const controller = await startController(t, world);
      const mend = leaveInVain(world);
      await controller.settled();
      world.cluster.put("Node", { name: "vm-0", providerID: "" });
      for (const pod of pods) world.cluster.put("Pod", pod);
      await advance(world, controller, 1000);
      mend();
      await advance(world, controller, minute);
      world.cluster.put("Node", other);
      world.cluster.put("Pod", again);
      await expectMoved(world, controller, longName);
    }
  });

  it("does so when the object is deleted while it names no VM: ARM takes the identity off first", async (t) => {
    const world = createAssignedWorld();
    const controller = await startController(t, world);
    world.cluster.remove("Pod", "shop/web-0");
    world.cluster.put("Node", { name: "vm-0", providerID: "" });
    const [object = assert.fail("there is none")] = world.cluster.list("AzureAssignedIdentity");
    world.cluster.put("AzureAssignedIdentity", { ...object, isGoing: true });
    await advance(world, controller, minute);
    assert.deepEqual([world.objects(), on(world, vmId("vm-0"))], [[], []]);
  });

  it("leaves the pods of the scale set alone that it was an instance of", async (t) => {
    const world = createAssignedWorld();
    const pool = scaleSetId("pool");
    world.cluster.put("Node", scaleSetNode("vm-0", "pool", 0));
    world.cluster.put("Node", scaleSetNode("set-1", "pool", 1));
    world.cluster.put("Pod", makePod("web-1", { node: "set-1" }));
    const controller = await startController(t, world);
    world.cluster.put("Node", other);
    await controller.settled();
    assert.deepEqual(world.objects(), [
      `${plainName}-shop-shop-web-0-uid Assigned`,
      "web-1-shop-reader Assigned",
    ]);
    assert.deepEqual([on(world, pool), on(world, vmId("vm-9"))], [["reader"], ["reader"]]);
    assert.deepEqual(world.compute.journal, ["+reader", "+reader"]);
  });
});
