import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { identityId, makeBinding, makePod, scaleSetId, scaleSetNode, vmId, vmNode } from "./objects.ts";
import { advance, createWorld, startController } from "./world.ts";

describe("several pods on one target", () => {
  it("share an identity: one PATCH puts it on, the last pod takes it off", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    world.cluster.put("Pod", makePod("web-1"));
    const controller = await startController(t, world);
    world.cluster.remove("Pod", "shop/web-0");
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-1-shop-reader Assigned"]);
    assert.deepEqual(world.compute.journal, ["+reader"]);
    world.cluster.remove("Pod", "shop/web-1");
    await controller.settled();
    assert.deepEqual(world.compute.journal, ["+reader", "-reader"]);
  });

  it("cost one write each but for the first, and ARM nothing once the identity is there", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    for (let i = 0; i < 20; i += 1) world.cluster.put("Pod", makePod(`web-${i}`));
    const controller = await startController(t, world);
    assert.equal(world.objects().filter((object) => object.endsWith(" Assigned")).length, 20);
    assert.deepEqual(world.cluster.statusWrites, ["default/web-0-shop-reader Assigned"]);
    const calls = world.compute.calls.length;
    world.cluster.put("Pod", makePod("web-20"));
    await controller.settled();
    assert.ok(world.objects().includes("web-20-shop-reader Assigned"));
    assert.deepEqual(world.cluster.statusWrites, ["default/web-0-shop-reader Assigned"]);
    assert.equal(world.compute.calls.length, calls);
  });

  it("get their identity although the object that was to stand first cannot be written", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    const { cluster } = world;
    const create = cluster.createAssignedIdentity.bind(cluster);
    cluster.createAssignedIdentity = async (object) => {
      if (object.spec.pod === "web-0") throw new Error("a webhook does not like web-0");
      assert.notDeepEqual([object.status.status, world.onVm()], ["Assigned", []]);
      return create(object);
    };
    for (let i = 0; i < 3; i += 1) world.cluster.put("Pod", makePod(`web-${i}`));
    await startController(t, world);
    assert.deepEqual(world.objects(), ["web-1-shop-reader Assigned", "web-2-shop-reader Assigned"]);
    assert.deepEqual(world.compute.journal, ["+reader"]);
  });

  it("of the same name in two namespaces protect each other's identity", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    world.cluster.put("Pod", makePod("web-0", { namespace: "lab" }));
    const controller = await startController(t, world);
    world.cluster.remove("Pod", "lab/web-0");
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.deepEqual(world.onVm(), ["reader"]);
  });

  it("whose names read the same when joined get objects of their own", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("a", { namespace: "b-c" }));
    world.cluster.put("Pod", makePod("a-b", { namespace: "c" }));
    await startController(t, world);
    assert.deepEqual(world.objects(), ["a-b-c-reader Assigned", "a-b-c-reader-shop-c-a-b-uid Assigned"]);
  });

  it("of a scale set are one target, whatever the letter case of the node's id", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Node", scaleSetNode("set-0", "pool", 0));
    world.cluster.put("Node", { ...scaleSetNode("set-1", "POOL", 1) });
    world.cluster.put("Pod", makePod("web-0", { node: "set-0" }));
    world.cluster.put("Pod", makePod("web-1", { node: "set-1" }));
    const controller = await startController(t, world);
    assert.deepEqual(world.compute.journal, ["+reader"]);

    world.cluster.remove("Node", "set-0");
    world.cluster.remove("Pod", "shop/web-0");
    await controller.settled();
    assert.deepEqual(world.compute.journal, ["+reader"]);
    world.cluster.remove("Node", "set-1");
    world.cluster.remove("Pod", "shop/web-1");
    await controller.settled();
    assert.deepEqual(world.compute.journal, ["+reader", "-reader"], "a scale set outlives its nodes");
    assert.deepEqual(world.compute.machines.get(scaleSetId("pool").toLowerCase()), new Set());
  });
});

describe("an identity that was on the VM before us", () => {
  it("is used and never removed", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.compute.machines.set(vmId("vm-0").toLowerCase(), new Set([identityId("reader").toLowerCase()]));
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const [object] = world.cluster.list("AzureAssignedIdentity");
    assert.equal(object?.annotations["podid.dev/pre-assigned"], "true");
    world.cluster.put("Pod", makePod("web-1"));
    await controller.settled();
    world.cluster.remove("Pod", "shop/web-0");
    await controller.settled();
    world.cluster.remove("Pod", "shop/web-1");
    await controller.settled();
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(world.onVm(), ["reader"]);
    assert.deepEqual(world.compute.journal, []);
  });
});

describe("a pod that came back under its old name", () => {
  it("takes over the object and inherits nothing", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.cluster.put("Pod", makePod("web-0", { uid: "second" }));
    await controller.settled();
    const [object] = world.cluster.list("AzureAssignedIdentity");
    assert.equal(object?.annotations["podid.dev/pod-uid"], "second");
    assert.equal(object.annotations["podid.dev/pre-assigned"], undefined);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.deepEqual(world.cluster.statusWrites.slice(1), [
      "default/web-0-shop-reader Created",
      "default/web-0-shop-reader Assigned",
    ]);
    assert.deepEqual(world.compute.journal, ["+reader"], "the identity stays on the VM all the time");
  });

  it("has nothing before ARM has shown its identity", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const failure = { retryAfterSeconds: null, identities: [], detail: "503" };
    world.compute.failWith = () => ({ kind: "unavailable", ...failure });
    world.cluster.put("Pod", makePod("web-0", { uid: "second" }));
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Created"]);
    world.compute.failWith = () => null;
    await advance(world, controller, 1000);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.deepEqual(world.compute.journal, ["+reader"]);
  });

  it("on another node has an object of its own at once, and its old one goes", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.cluster.put("Node", vmNode("vm-1"));
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const failure = { retryAfterSeconds: null, identities: [], detail: "503" };
    world.compute.failWith = (target) =>
      target === vmId("vm-0") ? { kind: "unavailable", ...failure } : null;
    world.cluster.put("Pod", makePod("web-0", { uid: "second", node: "vm-1" }));
    await controller.settled();
    const own = "web-0-shop-reader-shop-second Assigned";
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", own]);
    world.compute.failWith = () => null;
    await advance(world, controller, 60_000);
    assert.deepEqual(world.objects(), [own]);
    assert.deepEqual(world.onVm(), []);
  });
});
