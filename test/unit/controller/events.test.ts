import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { makeBinding, makePod, vmId, vmNode } from "./objects.ts";
import { advance, createWorld, startController, type World } from "./world.ts";

/** A world in which shop/web-0 wants shop/reader. */
function worldOfOnePod(): World {
  const world = createWorld("2026-06-14T12:00:00Z");
  world.bind(makeBinding("reader"));
  world.cluster.put("Pod", makePod("web-0"));
  return world;
}

/** All events in order, without repetition: on what, type, reason, text. */
function told({ cluster }: World): readonly string[] {
  const texts = cluster.events.map(
    ({ kind, key, type, reason, message }) => `${kind} ${key} ${type} ${reason}: ${message}`,
  );
  return [...new Set(texts)];
}

const pod = "shop/web-0";
const object = `default/web-0-shop-reader`;
const unavailable = { kind: "unavailable", retryAfterSeconds: null, identities: [], detail: "503" } as const;
const changesFail = (_: string, ids: readonly string[]): typeof unavailable | null =>
  ids.length === 0 ? null : unavailable;
const refuse = async (): Promise<never> => {
  throw new Error("the API server said no");
};
const applied = [
  `AzureIdentityBinding shop/reader Normal binding applied: Binding shop/reader applied on node vm-0 for pod ${object}`,
  `AzureIdentity shop/reader Normal IdentityAssigned: assigned on node vm-0 for pod ${pod}`,
];
const removed = [
  `AzureIdentityBinding shop/reader Normal binding removed: Binding shop/reader removed from node vm-0 for pod ${object}`,
  `AzureIdentity shop/reader Normal IdentityRemoved: removed from node vm-0 for pod ${pod}`,
];

/** What is told when binding or identity could not be applied, in `detail`'s words. */
function applyError(detail: string): readonly string[] {
  return [
    `AzureIdentityBinding shop/reader Warning binding apply error: failed to apply binding shop/reader node vm-0 for pod ${pod}, error: ${detail}`,
    `AzureIdentity shop/reader Warning IdentityFailed: could not be assigned on node vm-0 for pod ${pod}: ${detail}`,
  ];
}

/** The same of a removal. */
function removeError(detail: string): readonly string[] {
  return [
    `AzureIdentityBinding shop/reader Warning binding remove error: failed to remove binding shop/reader from node vm-0 for pod ${pod}, error: ${detail}`,
    `AzureIdentity shop/reader Warning IdentityFailed: could not be removed from node vm-0 for pod ${pod}: ${detail}`,
  ];
}

describe("events with the reference's reasons, and podid's own beside them", () => {
  it("tell of an assignment, and of each removal: of a pod that goes, of a node that goes", async (t) => {
    for (const [kind, key] of [
      ["Pod", pod],
      ["Node", "vm-0"],
    ] as const) {
      const world = worldOfOnePod();
      const controller = await startController(t, world);
      assert.deepEqual(told(world), applied);
      world.cluster.remove(kind, key);
      await controller.settled();
      const news = told(world).slice(applied.length);
      // Who wants an identity on a node that is gone is told so.
      const problem = `AzureIdentityBinding shop/reader Warning binding apply error: failed to apply binding shop/reader node vm-0 for pod ${pod}, error: there is no Node vm-0`;
      assert.deepEqual(new Set(news), new Set([...removed, ...(kind === "Node" ? [problem] : [])]));
    }
  });

  it("tell of a pod whose identity is on the VM already", async (t) => {
    const world = worldOfOnePod();
    const controller = await startController(t, world);
    world.cluster.put("Pod", makePod("web-1"));
    await controller.settled();
    assert.deepEqual(told(world), [...applied, ...applied.map((text) => text.replace("web-0", "web-1"))]);
    assert.equal(world.compute.journal.length, 1);
  });

  it("tell that ARM did not add or remove it", async (t) => {
    const world = worldOfOnePod();
    world.compute.failWith = changesFail;
    const controller = await startController(t, world);
    assert.deepEqual(told(world), applyError("unavailable: 503"));
    world.compute.failWith = () => null;
    await advance(world, controller, 60_000);
    world.compute.failWith = changesFail;
    world.cluster.remove("Pod", pod);
    await controller.settled();
    const before = [...applyError("unavailable: 503"), ...applied];
    assert.deepEqual(told(world), [...before, ...removeError("unavailable: 503")]);
    world.compute.failWith = () => null;
    await advance(world, controller, 60_000);
    assert.deepEqual(told(world), [...before, ...removeError("unavailable: 503"), ...removed]);
  });

  it("tell that the API server did not take the object, its status or its deletion", async (t) => {
    const world = worldOfOnePod();
    const { cluster } = world;
    const sound = { ...cluster };
    cluster.createAssignedIdentity = refuse;
    const controller = await startController(t, world);
    const expected = [...applyError("the API server said no")];
    assert.deepEqual(told(world), expected);

    Object.assign(cluster, sound);
    cluster.patchAssignedIdentityStatus = refuse;
    await advance(world, controller, 60_000);
    expected.push(
      `AzureAssignedIdentity ${object} Warning status update error: failed to update AzureAssignedIdentity ${object} status to Assigned for pod ${pod}`,
    );
    assert.deepEqual(told(world), expected);

    Object.assign(cluster, sound);
    await advance(world, controller, 60_000);
    cluster.deleteAssignedIdentity = refuse;
    cluster.remove("Pod", pod);
    await controller.settled();
    expected.push(...applied, ...removeError("the API server said no"));
    assert.deepEqual(told(world), expected);

    Object.assign(cluster, sound);
    await advance(world, controller, 60_000);
    assert.deepEqual(told(world), [...expected, ...removed]);
  });

  it("tell once of an object that stays because its Node names no VM, and again when that comes again", async (t) => {
    const world = worldOfOnePod();
    const controller = await startController(t, world);
    const nameless = { name: "vm-0", providerID: "" };
    const held = `AzureAssignedIdentity ${object} Warning binding remove error: failed to remove binding shop/reader from node vm-0 for pod ${pod}, error: spec.providerID of Node vm-0 names no Azure VM or scale set, so that ${vmId("vm-0")} keeps the identity: mend the Node, or delete it`;
    const count = (): number =>
      world.cluster.events.filter(({ kind }) => kind === "AzureAssignedIdentity").length;
    world.cluster.put("Node", nameless);
    await controller.settled();
    assert.equal(count(), 0, "who wants it is told on the binding");
    world.cluster.remove("Pod", pod);
    await advance(world, controller, 20 * 60_000);
    assert.deepEqual([told(world).at(-1), count()], [held, 1]);

    world.cluster.put("Pod", makePod("web-0"));
    world.cluster.put("Node", vmNode("vm-0"));
    await controller.settled();
    assert.equal(count(), 1);
    world.cluster.put("Node", nameless);
    world.cluster.remove("Pod", pod);
    await controller.settled();
    assert.equal(count(), 2);
    world.cluster.remove("Node", "vm-0");
    await controller.settled();
    assert.deepEqual([world.objects(), told(world).slice(-2), count()], [[], removed, 2]);
  });
});
