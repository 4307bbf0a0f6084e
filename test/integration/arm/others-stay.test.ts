import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { type ArmWorld, failOnce, managedID, setID, startArmWorld, vmID } from "./arm-world.ts";

// What is done for one identity, pod or node, and what must not change because of it: scenarios of the reference's own
// tests (reference/aad-pod-identity.md §8.1, §8.2).

const vm = vmID("vm-0");
const pool = setID("pool");
const second = 1000;
const minute = 60 * second;
const { signal } = new AbortController();

/** Somebody else changes the identities of a machine. */
async function elsewhere(
  world: ArmWorld,
  machineID: string,
  change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
): Promise<void> {
  const { add = [], remove = [] } = change;
  const done = world.others.changeIdentities(
    machineID,
    { add: add.map(managedID), remove: remove.map(managedID) },
    signal,
  );
  await world.pass(minute);
  assert.ok((await done).ok);
}

for (const [kind, machine] of [
  ["VM", vm],
  ["scale set", pool],
] as const) {
  const machines = { [machine]: ["node-0"] };

  describe(`on a ${kind}`, () => {
    it("two identities that do not exist, in one batch with good ones, stay Created, and the good ones are Assigned", async (t) => {
      const world = await startArmWorld(t, { machines, identities: ["good-0", "good-1", "good-2"] });
      for (const name of ["good-0", "none-0", "good-1", "none-1", "good-2"])
        world.addPod(`pod-${name}`, "node-0", [name]);
      await world.pass(minute);
      assert.deepEqual(world.objects(), [
        "pod-good-0-shop-good-0 Assigned",
        "pod-good-1-shop-good-1 Assigned",
        "pod-good-2-shop-good-2 Assigned",
        "pod-none-0-shop-none-0 Created",
        "pod-none-1-shop-none-1 Created",
      ]);
      assert.deepEqual(world.on(machine), ["good-0", "good-1", "good-2"]);
      assert.equal(world.calls("PATCH")[0], "+1 PATCH 400", "all five were asked for at once");
      const warned = world.cluster.events.filter(
        ({ type, kind: on }) => type === "Warning" && on === "AzureIdentity",
      );
      assert.deepEqual(new Set(warned.map(({ key }) => key)), new Set(["shop/none-0", "shop/none-1"]));
    });

    it("an identity of somebody else stays while one of ours is removed and another is added", async (t) => {
      const world = await startArmWorld(t, { machines, identities: ["foreign", "reader", "writer"] });
      world.addPod("web-0", "node-0", ["reader"]);
      await world.pass(minute);
      await elsewhere(world, machine, { add: ["foreign"] });
      const before = world.calls("PATCH").length;
      world.cluster.remove("Pod", "shop/web-0");
      world.addPod("web-1", "node-0", ["writer"]);
      await world.pass(minute);
      assert.equal(world.calls("PATCH").length - before, 1, "both in the same PATCH");
      assert.deepEqual(world.on(machine), ["foreign", "writer"]);
      world.cluster.remove("Pod", "shop/web-1");
      await world.pass(minute);
      assert.deepEqual([world.on(machine), world.objects()], [["foreign"], []]);
    });

    it("what somebody took off is put back by the reconcile, beside what they put on", async (t) => {
      const world = await startArmWorld(t, { machines, identities: ["foreign", "reader", "writer"] });
      world.addPod("web-0", "node-0", ["reader", "writer"]);
      await world.pass(minute);
      await elsewhere(world, machine, { add: ["foreign"], remove: ["reader"] });
      assert.deepEqual(world.on(machine), ["foreign", "writer"]);
      await world.pass(2 * minute);
      assert.deepEqual(world.on(machine), ["foreign", "reader", "writer"]);
      assert.deepEqual(world.calls("PATCH").at(-1), "+180 PATCH 202");
      assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-0-shop-writer Assigned"]);
    });
  });
}

function startWaiting(t: TestContext): Promise<ArmWorld> {
  const settings = { operationDurationMs: 0 };
  return startArmWorld(t, { machines: { [vm]: ["node-0"] }, identities: ["reader", "writer"], settings });
}

async function putOnByOthers(world: ArmWorld, name: string): Promise<void> {
  const done = world.others.changeIdentities(vm, { add: [managedID(name)], remove: [] }, signal);
  await world.pass(0);
  assert.ok((await done).ok);
}

async function goOneByOne(world: ArmWorld): Promise<void> {
  for (const pod of ["web-0", "web-1"]) {
    world.cluster.remove("Pod", `shop/${pod}`);
    await world.pass(minute);
  }
  assert.deepEqual([world.on(vm), world.objects()], [["reader"], []]);
}

describe("an identity that somebody else puts on a machine while one of its pods waits for it", () => {
  for (const afterMs of [0, 399, 401, 700, 999]) {
    it(`stays when they have gone: ${afterMs} ms after they came`, async (t) => {
      const world = await startWaiting(t);
      for (const pod of ["web-0", "web-1"]) world.addPod(pod, "node-0", ["reader", "writer"]);
      await world.pass(afterMs);
      await putOnByOthers(world, "reader");
      await world.pass(10 * second);
      assert.equal(world.objects().filter((text) => text.endsWith(" Assigned")).length, 4);
      await goOneByOne(world);
    });
  }

  it("stays when they go before ARM is asked", async (t) => {
    const world = await startWaiting(t);
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(700);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Created"]);
    await putOnByOthers(world, "reader");
    await goOneByOne(world);
    assert.equal(world.calls("PATCH").length, 1, "that of the others");
  });

  it("stays when they go before ARM is asked, and the object takes two attempts", async (t) => {
    const world = await startWaiting(t);
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(700);
    await putOnByOthers(world, "reader");
    failOnce(world, "patchAssignedIdentityStatus");
    await goOneByOne(world);
  });

  it("stays when ARM refuses what comes with it", async (t) => {
    const world = await startWaiting(t);
    world.addPod("web-0", "node-0", ["reader", "unknown"]);
    await world.pass(700);
    await putOnByOthers(world, "reader");
    await world.pass(10 * second);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-0-shop-unknown Created"]);
    await goOneByOne(world);
  });

  it("stays when they put it on after ARM had no time for us", async (t) => {
    const world = await startWaiting(t);
    const answer = { kind: "answer", status: 429, code: "TooManyRequests", message: "slow" } as const;
    world.emulator.addArmFault({
      match: { method: "PATCH" },
      count: 1,
      action: { ...answer, retryAfter: "5" },
    });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(2 * second);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Created"]);
    await putOnByOthers(world, "reader");
    await world.pass(10 * second);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    await goOneByOne(world);
  });

  it("stays when it cannot be written down at once", async (t) => {
    const world = await startWaiting(t);
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(700);
    await putOnByOthers(world, "reader");
    failOnce(world, "patchAssignedIdentityStatus");
    await world.pass(minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    await goOneByOne(world);
  });
});

describe("when nodes are deleted", () => {
  it("objects and identities of the VMs and scale set instances that remain are not touched", async (t) => {
    const [left, leftPool] = [vmID("vm-1"), setID("other")];
    const nodes = { [vm]: ["vm-0"], [left]: ["vm-1"], [pool]: ["set-0", "set-1"], [leftPool]: ["other-0"] };
    const identities = ["reader", "only-0", "only-1"];
    const world = await startArmWorld(t, { machines: nodes, identities, driftIntervalMs: 0 });
    for (const node of Object.values(nodes).flat()) world.addPod(`on-${node}`, node, ["reader"]);
    world.addPod("alone-0", "set-0", ["only-0"]);
    world.addPod("alone-1", "set-1", ["only-1"]);
    await world.pass(minute);
    const objects = world.cluster.list("AzureAssignedIdentity");
    assert.deepEqual([objects.length, world.on(pool)], [7, ["only-0", "only-1", "reader"]]);
    const before = world.calls("PATCH").length;
    const writes = world.cluster.statusWrites.length;

    for (const node of ["vm-0", "set-0"]) world.cluster.remove("Node", node);
    for (const pod of ["on-vm-0", "on-set-0", "alone-0"]) world.cluster.remove("Pod", `shop/${pod}`);
    world.emulator.removeMachine(vm);
    await world.pass(2 * minute);
    const rest = objects.filter(({ spec }) => !["vm-0", "set-0"].includes(spec.nodename));
    assert.deepEqual(world.cluster.list("AzureAssignedIdentity"), rest, "exactly as they were");
    assert.deepEqual(
      [left, pool, leftPool].map((id) => world.on(id)),
      [["reader"], ["only-1", "reader"], ["reader"]],
    );
    assert.equal(world.calls("PATCH").length - before, 1, "of the shared scale set, once");
    const written = world.cluster.statusWrites.slice(writes);
    assert.ok(
      written.every((text) => /on-vm-0|on-set-0|alone-0/.test(text)),
      written.join(", "),
    );
  });
});
