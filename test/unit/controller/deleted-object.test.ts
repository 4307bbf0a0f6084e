import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { makeBinding, makePod } from "./objects.ts";
import { createWorld, startController } from "./world.ts";

describe("an assigned identity that somebody deletes", () => {
  it("goes, and comes again while its pod needs it; another pod's stays all the time", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const { cluster } = world;
    const key = "default/web-0-shop-reader";
    const deleteByHand = async (): Promise<void> => {
      const object = cluster.get("AzureAssignedIdentity", key);
      assert.ok(object);
      cluster.put("AzureAssignedIdentity", { ...object, isGoing: true });
      await controller.settled();
      assert.equal(cluster.get("AzureAssignedIdentity", key)?.isGoing, undefined);
    };
    await deleteByHand();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.deepEqual(world.compute.journal, ["+reader", "-reader", "+reader"]);

    cluster.put("Pod", makePod("web-1"));
    await controller.settled();
    await deleteByHand();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-1-shop-reader Assigned"]);
    assert.deepEqual(world.compute.journal, ["+reader", "-reader", "+reader"], "it never left the VM");
  });
});
