import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import {
  binding,
  clientIDOf,
  machineID,
  managedIdentity,
  manifest,
  node,
  pod,
  principal,
} from "../manifests.ts";
import { assignedIn, startWorld, type World } from "../world.ts";

const podChange = { kind: "Pod", key: "shop/app" } as const;
const bindingChange = { kind: "AzureIdentityBinding", key: "shop/app" } as const;
const bindingWith = (timeBox: object): string => manifest(binding("app", { timeBox }));

/** A pod with an identity, each object in a file of its own. */
async function start(t: TestContext, identity: readonly object[]): Promise<World> {
  const world = await startWorld({
    at: "2026-06-15T10:00:00Z",
    manifests: {
      "cluster.yaml": manifest(node, ...identity),
      "binding.yaml": manifest(binding("app")),
      "pod.yaml": manifest(pod("app", { podIP: "127.0.20.1" })),
    },
  });
  t.after(() => world.close());
  return world;
}

/** With the managed identity on the node's scale set. */
async function startAssigned(t: TestContext): Promise<World> {
  const world = await start(t, [managedIdentity("app")]);
  await world.settle();
  assert.equal((await world.ask("shop/app")).clientID, clientIDOf("app"));
  assert.deepEqual(world.identitiesOn(machineID), ["app"]);
  return world;
}

describe("when the file of a pod is deleted", () => {
  it("its identity is unassigned and its address gets no token any more", async (t) => {
    const world = await startAssigned(t);
    assert.deepEqual(assignedIn(world), ["app-shop-app Assigned"]);
    const caller = world.callerOf("shop/app");
    await world.edit("pod.yaml", null, podChange);

    const refused = await world.during(world.askFrom(caller));
    assert.deepEqual([refused.status, refused.reasons], [404, ["UnknownCaller"]]);
    await world.settle();
    assert.deepEqual(world.patches(), ["+app", "-app"]);
    assert.deepEqual(world.identitiesOn(machineID), []);
    assert.deepEqual(assignedIn(world), []);
  });

  it("another pod that gets its address gets nothing of it", async (t) => {
    const world = await startAssigned(t);
    const caller = world.callerOf("shop/app");
    await world.edit("pod.yaml", null, podChange);
    const heir = manifest(pod("heir", { podIP: caller.address }));
    await world.edit("heir.yaml", heir, { kind: "Pod", key: "shop/heir" });
    const refused = await world.during(world.askFrom(caller));
    assert.deepEqual([refused.status, refused.reasons], [404, ["NoMatchingBinding"]]);
  });
});

describe("when a pod is created again under its name", () => {
  it("it gets its token at its new address, and the old address gets none", async (t) => {
    const world = await startAssigned(t);
    const before = world.stack.source.get("Pod", "shop/app")?.uid;
    const oldCaller = world.callerOf("shop/app");
    await world.edit("pod.yaml", null, podChange);
    await world.edit("pod.yaml", manifest(pod("app", { podIP: "127.0.20.2" })), podChange);
    await world.settle();

    assert.notEqual(world.stack.source.get("Pod", "shop/app")?.uid, before);
    assert.equal(world.callerOf("shop/app").address, "127.0.20.2");
    assert.equal((await world.ask("shop/app")).clientID, clientIDOf("app"));
    assert.deepEqual(assignedIn(world), ["app-shop-app Assigned"]);
    const refused = await world.during(world.askFrom(oldCaller));
    assert.deepEqual([refused.status, refused.reasons], [404, ["UnknownCaller"]]);
  });
});

describe("when a binding is edited on disk", () => {
  it("a time box that is over closes it at once, before the identity is off the VM", async (t) => {
    const world = await startAssigned(t);
    await world.edit("binding.yaml", bindingWith({ notAfter: "2026-06-15T10:00:00Z" }), bindingChange);
    const refused = await world.ask("shop/app");
    assert.deepEqual([refused.status, refused.reasons], [403, ["AfterNotAfter"]]);
    assert.deepEqual(world.identitiesOn(machineID), ["app"]);
    await world.settle();
    assert.deepEqual(world.identitiesOn(machineID), []);
  });

  it("a binding that is gone leaves the pod unbound", async (t) => {
    const world = await startAssigned(t);
    await world.edit("binding.yaml", null, bindingChange);
    const refused = await world.during(world.ask("shop/app"));
    assert.deepEqual([refused.status, refused.reasons], [404, ["NoMatchingBinding"]]);
    await world.settle();
    assert.deepEqual(assignedIn(world), []);
  });

  it("suspend closes the next request in spite of cached tokens, and opens again without it", async (t) => {
    const world = await start(t, principal("app"));
    assert.equal((await world.ask("shop/app")).status, 200);
    await world.edit("binding.yaml", bindingWith({ suspend: true }), bindingChange);
    const refused = await world.ask("shop/app");
    assert.deepEqual([refused.status, refused.reasons], [403, ["Suspended"]]);
    await world.edit("binding.yaml", bindingWith({ suspend: false }), bindingChange);
    assert.equal((await world.ask("shop/app")).status, 200);
  });

  it("suspend ends the wait of a request that was held for its assignment", async (t) => {
    const world = await start(t, [managedIdentity("app")]);
    await world.stack.controller.close();
    const isHeld = world.clock.timerStarted();
    const answer = world.ask("shop/app");
    await isHeld;
    await world.edit("binding.yaml", bindingWith({ suspend: true }), bindingChange);
    const { status, reasons } = await answer;
    assert.deepEqual([status, reasons], [403, ["Suspended"]]);
  });
});
