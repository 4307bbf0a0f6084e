import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { makeBinding, makeIdentity, makePod, scaleSetId, scaleSetNode, vmNode } from "./objects.ts";
import { advance, createWorld, startController, type World } from "./world.ts";

// Scenarios of the reference's own unit tests (reference/aad-pod-identity.md §8.1, pkg/mic) that no other file has.

const start = "2026-06-14T12:00:00Z";
const minute = 60_000;

/** A world in which identity shop/`name` serves pods that are labelled `name`. */
function worldWith(names: readonly string[]): World {
  const world = createWorld(start);
  for (const name of names) {
    world.cluster.put("AzureIdentity", makeIdentity(name));
    world.bind(makeBinding(name, { selector: name }));
  }
  return world;
}

const labelled = (name: string, label: string, node = "vm-0"): ReturnType<typeof makePod> =>
  makePod(name, { node, labels: { aadpodidbinding: label } });

describe("in one go", () => {
  it("a pod comes, another changes its label and a third goes: what is common stays on the VM", async (t) => {
    const world = worldWith(["one", "two", "three"]);
    world.cluster.put("Pod", labelled("changes", "one"));
    world.cluster.put("Pod", labelled("goes", "two"));
    const controller = await startController(t, world);
    assert.deepEqual(world.onVm(), ["one", "two"]);

    world.cluster.put("Pod", labelled("comes", "one"));
    world.cluster.put("Pod", labelled("changes", "three"));
    world.cluster.remove("Pod", "shop/goes");
    await controller.settled();
    assert.deepEqual(world.objects(), ["changes-shop-three Assigned", "comes-shop-one Assigned"]);
    assert.deepEqual(world.onVm().toSorted(), ["one", "three"]);
    assert.doesNotMatch(world.compute.journal.join(" "), /-one/);
  });

  it("a second binding gives a pod a second identity, and the first is left alone", async (t) => {
    const world = createWorld(start);
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const writes = world.cluster.statusWrites.length;

    world.cluster.put("AzureIdentity", makeIdentity("writer"));
    world.bind(makeBinding("writer"));
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-0-shop-writer Assigned"]);
    assert.deepEqual(world.compute.journal, ["+reader", "+writer"]);
    assert.doesNotMatch(world.cluster.statusWrites.slice(writes).join(" "), /reader/);
  });
});

describe("two scale sets", () => {
  it("keep an identity each until the last pod on any of its own nodes has gone", async (t) => {
    const world = worldWith(["reader"]);
    const nodes = ["a-0", "a-1", "b-0", "b-1"];
    for (const node of nodes) {
      const [set = "", instance] = node.split("-");
      world.cluster.put("Node", scaleSetNode(node, set, Number(instance)));
      world.cluster.put("Pod", labelled(`on-${node}`, "reader", node));
    }
    const controller = await startController(t, world);
    const on = (set: string): number => world.compute.machines.get(scaleSetId(set).toLowerCase())?.size ?? 0;
    const seen: string[] = [];
    for (const node of ["a-0", "b-1", "a-1", "b-0"]) {
      world.cluster.remove("Pod", `shop/on-${node}`);
      await controller.settled();
      seen.push(`${node} gone: ${on("a")} ${on("b")}`);
    }
    assert.deepEqual(seen, ["a-0 gone: 1 1", "b-1 gone: 1 1", "a-1 gone: 0 1", "b-0 gone: 0 0"]);
    assert.deepEqual(world.objects(), []);
  });
});

describe("a removal that fails", () => {
  it("at ARM leaves the object Assigned, and is done later", async (t) => {
    const world = worldWith(["reader"]);
    world.cluster.put("Pod", labelled("web-0", "reader"));
    const controller = await startController(t, world);
    world.compute.failWith = (_, ids) =>
      ids.length === 0
        ? null
        : { kind: "unavailable", retryAfterSeconds: null, identities: [], detail: "503" };
    world.cluster.remove("Pod", "shop/web-0");
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);

    world.compute.failWith = () => null;
    await advance(world, controller, minute);
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(world.onVm(), []);
  });

  it("at the API server leaves the object Unassigned, and is done later without ARM", async (t) => {
    const world = worldWith(["reader"]);
    world.cluster.put("Pod", labelled("web-0", "reader"));
    const controller = await startController(t, world);
    const { cluster } = world;
    const remove = cluster.deleteAssignedIdentity.bind(cluster);
    cluster.deleteAssignedIdentity = async () => {
      throw new Error("the API server is away");
    };
    cluster.remove("Pod", "shop/web-0");
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Unassigned"]);
    assert.deepEqual(world.compute.journal, ["+reader", "-reader"]);

    cluster.deleteAssignedIdentity = remove;
    await advance(world, controller, minute);
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(world.compute.journal, ["+reader", "-reader"]);
  });
});

describe("20,000 pods on 200 VMs", () => {
  it("are assigned, and 10,000 deleted: the others keep what they have", async (t) => {
    const world = worldWith(["reader"]);
    for (let n = 0; n < 200; n += 1) world.cluster.put("Node", vmNode(`vm-${n}`));
    for (let n = 0; n < 20_000; n += 1)
      world.cluster.put("Pod", labelled(`web-${n}`, "reader", `vm-${n % 200}`));
    const controller = await startController(t, world);
    const assigned = (): readonly string[] =>
      world.objects().filter((object) => object.endsWith(" Assigned"));
    assert.equal(assigned().length, 20_000);

    // All pods of half of the VMs.
    for (let n = 0; n < 20_000; n += 1) if (n % 2 === 0) world.cluster.remove("Pod", `shop/web-${n}`);
    await controller.settled();
    assert.deepEqual([world.objects().length, assigned().length], [10_000, 10_000]);
    assert.equal(world.compute.journal.filter((change) => change === "+reader").length, 200);
    assert.equal(world.compute.journal.filter((change) => change === "-reader").length, 100);
  });
});
