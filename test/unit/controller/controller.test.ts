import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { identityId, makeAssigned, makeBinding, makeIdentity, makePod, vmId } from "./objects.ts";
import { createWorld, startController } from "./world.ts";

describe("a binding without time box", () => {
  it("puts the identity on the VM as soon as the pod is scheduled", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0", { node: "" }));
    const controller = await startController(t, world);
    assert.deepEqual(world.objects(), []);

    world.cluster.put("Pod", makePod("web-0"));
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.deepEqual(world.onVm(), ["reader"]);
    assert.deepEqual(
      world.cluster.events.map(({ kind, key, type, reason }) => [kind, key, type, reason]),
      [
        ["AzureIdentityBinding", "shop/reader", "Normal", "binding applied"],
        ["AzureIdentity", "shop/reader", "Normal", "IdentityAssigned"],
      ],
    );
  });

  it("writes the object as aad-pod-identity does, with the pod's UID", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    await startController(t, world);
    const [object] = world.cluster.list("AzureAssignedIdentity");
    assert.equal(object?.namespace, "default");
    assert.deepEqual(object.labels, { nodename: "vm-0" });
    assert.deepEqual(object.finalizers, ["azureassignedidentity.finalizers.aadpodidentity.k8s.io"]);
    assert.deepEqual(object.annotations, {
      "podid.dev/pod-uid": "shop-web-0-uid",
      "podid.dev/target": vmId("vm-0"),
    });
    assert.deepEqual(object.spec, {
      pod: "web-0",
      podNamespace: "shop",
      nodename: "vm-0",
      azureIdentityRef: makeIdentity("reader"),
      azureBindingRef: makeBinding("reader"),
    });
    assert.deepEqual(object.status, { status: "Assigned", inForce: true, validUntil: null });
  });

  it("takes the identity off, in order, when the pod goes", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.cluster.remove("Pod", "shop/web-0");
    await controller.settled();
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(world.compute.journal, ["+reader", "-reader"]);
    assert.deepEqual(world.cluster.statusWrites, [
      "default/web-0-shop-reader Assigned",
      "default/web-0-shop-reader Unassigned",
    ]);
    const removed = world.cluster.events.slice(-2).map(({ kind, reason }) => `${kind} ${reason}`);
    assert.deepEqual(removed, ["AzureIdentityBinding binding removed", "AzureIdentity IdentityRemoved"]);
  });

  it("takes the identity off when the pod has finished", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.cluster.put("Pod", makePod("web-0", { phase: "Succeeded" }));
    await controller.settled();
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(world.onVm(), []);
  });

  it("marks identities that need no VM at once, without ARM", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.cluster.put("AzureIdentity", makeIdentity("reader", { spec: { type: 1, resourceID: "" } }));
    world.cluster.put("Node", { name: "vm-0", providerID: "kind://docker/kind/kind-control-plane" });
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    world.cluster.remove("Pod", "shop/web-0");
    await controller.settled();
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(world.compute.calls, []);
  });

  it("puts the object into the identity's namespace in namespaced mode", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    await startController(t, world, { namespaced: true });
    assert.equal(world.cluster.list("AzureAssignedIdentity")[0]?.namespace, "shop");
  });
});

describe("objects of aad-pod-identity", () => {
  it("are adopted: nothing is taken off and put on again", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const object = makeAssigned(makePod("web-0"), makeIdentity("reader"));
    world.cluster.put("AzureAssignedIdentity", { ...object, annotations: {} });
    world.compute.machines.set(vmId("vm-0").toLowerCase(), new Set([identityId("reader").toLowerCase()]));
    const controller = await startController(t, world);
    assert.deepEqual(world.compute.calls, []);
    world.cluster.remove("Pod", "shop/web-0");
    await controller.settled();
    assert.deepEqual(world.onVm(), []);
  });
});

describe("an object that somebody deleted", () => {
  it("is made again", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.cluster.remove("AzureAssignedIdentity", "default/web-0-shop-reader");
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
  });
});

describe("closing", () => {
  it("ends all timers and ignores later changes", async () => {
    const world = createWorld("2026-06-14T12:00:00Z");
    const controller = world.createController();
    controller.start();
    await controller.close();
    assert.equal(world.clock.nextTimerInMs(), null);
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    await controller.settled();
    assert.deepEqual(world.objects(), []);
  });

  it("tells nobody of the writes that it cuts short", async () => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    const ending = Promise.withResolvers<never>();
    world.cluster.createAssignedIdentity = () => ending.promise;
    for (const name of ["web-0", "web-1"]) world.cluster.put("Pod", makePod(name));
    const controller = world.createController();
    controller.start();
    await new Promise((resolve) => void setImmediate(resolve));
    const closed = controller.close();
    ending.reject(new Error("another controller leads now"));
    await closed;
    assert.deepEqual(
      world.cluster.events.filter(({ type }) => type === "Warning"),
      [],
    );
    assert.deepEqual(world.onVm(), []);
  });
});
