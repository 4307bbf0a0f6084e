import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  dailyWindow,
  identityId,
  makeBinding,
  makeIdentity,
  makePod,
  scaleSetNode,
  vmNode,
} from "./objects.ts";
import { advance, createWorld, startController } from "./world.ts";

describe("a thousand bindings that close at midnight and open ten minutes later", () => {
  it("are one PATCH for each scale set and each VM, then and again", async (t) => {
    const world = createWorld("2026-06-14T23:58:00Z");
    const timeBox = dailyWindow("00:10", "24:00", { leadTime: "0s", keepIfReopensWithin: "5m" });
    const [sets, vms] = [4, 6];
    for (let i = 0; i < sets; i += 1) world.cluster.put("Node", scaleSetNode(`node-${i}`, `pool-${i}`, i));
    for (let i = sets; i < sets + vms; i += 1) world.cluster.put("Node", vmNode(`node-${i}`));
    for (let i = 0; i < 1000; i += 1) {
      // 50 identities for 100 bindings on each machine: less than ARM takes in one request.
      const resourceID = identityId(`id-${i % 500}`);
      world.cluster.put("AzureIdentity", makeIdentity(`id-${i}`, { spec: { resourceID } }));
      world.bind(makeBinding(`id-${i}`, { selector: `id-${i}`, timeBox }));
      const labels = { aadpodidbinding: `id-${i}` };
      world.cluster.put("Pod", makePod(`web-${i}`, { node: `node-${i % 10}`, labels }));
    }
    const controller = await startController(t, world);
    assert.equal(world.objects().filter((object) => object.endsWith(" Assigned")).length, 1000);
    const countSince = (before: number): number => world.compute.journal.length - before;
    assert.equal(countSince(0), sets + vms);
    await advance(world, controller, 3 * 60_000);
    assert.equal(countSince(sets + vms), sets + vms);
    assert.deepEqual(world.objects(), []);
    await advance(world, controller, 10 * 60_000);
    assert.equal(countSince(2 * (sets + vms)), sets + vms);
    assert.equal(world.objects().filter((object) => object.endsWith(" Assigned")).length, 1000);
  });
});
