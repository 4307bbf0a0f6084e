import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { makeBinding, makePod, vmNode } from "./objects.ts";
import { createWorld, startController } from "./world.ts";

describe("a controller that begins", () => {
  it("looks first at machines with a pod that may have waited", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    for (const node of ["vm-0", "vm-1", "vm-2"]) {
      world.cluster.put("Node", vmNode(node));
      world.cluster.put("Pod", makePod(`on-${node}`, { node }));
    }
    const first = await startController(t, world);
    await first.close();
    world.cluster.put("Pod", makePod("new", { node: "vm-2" }));
    const asked: string[] = [];
    world.decider.isBroken = ({ pod }) => {
      asked.push(pod.name);
      return false;
    };
    await startController(t, world);
    assert.deepEqual(asked.slice(0, 2), ["on-vm-2", "new"]);
  });
});
