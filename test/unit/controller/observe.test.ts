import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { observe, type Snapshot } from "../../../src/controller/observe.ts";
import { createFakeCluster, type FakeCluster } from "./fakes.ts";
import { makeAssigned, makeIdentity, makePod, scaleSetId, scaleSetNode, vmId, vmNode } from "./objects.ts";

const number = fc.nat({ max: 3 });
const step = fc.record({
  what: fc.constantFrom("pod", "unscheduled", "object", "vm", "set"),
  isRemoved: fc.boolean(),
  name: number,
  node: number,
});

/** Puts or removes one thing; answers the change as the source tells it. */
function take(
  cluster: FakeCluster,
  { what, isRemoved, name, node }: typeof step extends fc.Arbitrary<infer S> ? S : never,
) {
  const pod = makePod(`web-${name}`, { node: what === "unscheduled" ? "" : `node-${node}` });
  const object = makeAssigned(pod, makeIdentity("reader"), {
    annotations: { "podid.dev/target": node === 0 ? vmId("node-0") : scaleSetId("pool") },
  });
  const isNode = what === "vm" || what === "set";
  const kind = isNode ? "Node" : what === "object" ? "AzureAssignedIdentity" : "Pod";
  const key = isNode ? `node-${node}` : what === "object" ? `default/${object.name}` : `shop/web-${name}`;
  if (isRemoved) cluster.remove(kind, key);
  else if (what === "object") cluster.put("AzureAssignedIdentity", object);
  else if (what === "vm") cluster.put("Node", vmNode(key));
  else if (what === "set") cluster.put("Node", scaleSetNode(key, "pool", node));
  else cluster.put("Pod", pod);
  return { kind, key };
}

function names(items: readonly { readonly name: string }[]): readonly string[] {
  return items.map(({ name }) => name).toSorted();
}

/** What is in it, in one order. */
function contentOf({ units, assigned }: Snapshot): unknown {
  return {
    units: [...units.values()]
      .map((unit) => ({
        key: unit.key,
        place: unit.place,
        pods: names(unit.pods),
        assigned: names(unit.assigned),
      }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    assigned: [...assigned.keys()].toSorted(),
  };
}

describe("places that are kept up", () => {
  it("are after each change what they would be if all was grouped anew, and tell every unit that differs", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const cluster = createFakeCluster();
        const places = observe(cluster);
        for (const one of steps) {
          const before = new Map(
            [...places.units].map(([key, { pods, assigned }]) => [key, [pods, assigned]]),
          );
          const touched = new Set(places.update(take(cluster, one)));
          assert.deepEqual(contentOf(places), contentOf(observe(cluster)));
          for (const [key, { pods, assigned }] of places.units) {
            if (!touched.has(key)) assert.deepEqual([pods, assigned], before.get(key));
          }
          for (const key of before.keys()) assert.ok(places.units.has(key) || touched.has(key));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("concern all units when something changes whose reach only the policy knows", () => {
    const cluster = createFakeCluster();
    cluster.put("Node", vmNode("vm-0"));
    cluster.put("Pod", makePod("web-0", { node: "vm-0" }));
    cluster.put("Pod", makePod("web-1", { node: "vm-1" }));
    const places = observe(cluster);
    const touched = places.update({ kind: "AzureIdentityBinding", key: "shop/reader" });
    assert.deepEqual([...touched].toSorted(), [...places.units.keys()].toSorted());
  });

  it("keep objects of a node that is gone with the machine that was written down, if one was", () => {
    const reader = makeIdentity("reader");
    for (const [target, key] of [
      [vmId("vm-0"), vmId("vm-0").toLowerCase()],
      [scaleSetId("pool"), scaleSetId("pool").toLowerCase()],
      [null, "node:vm-0"],
    ] as const) {
      const cluster = createFakeCluster();
      const annotations = target === null ? {} : { "podid.dev/target": target };
      cluster.put("AzureAssignedIdentity", makeAssigned(makePod("web-0"), reader, { annotations }));
      assert.deepEqual([...observe(cluster).units.keys()], [key]);
    }
  });
});
