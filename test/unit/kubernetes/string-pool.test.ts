import assert from "node:assert/strict";
import { test } from "node:test";

import { createStringPool, poolAssignedIdentity } from "../../../src/kubernetes/string-pool.ts";
import { makeAssigned, makeIdentity, makePod, vmId } from "../controller/objects.ts";

test("an AzureAssignedIdentity out of the pool is the same, and only what others repeat of it is kept in the pool", () => {
  const kept = new Set<string>();
  const pool = createStringPool();
  const object = {
    ...makeAssigned(makePod("web-0"), makeIdentity("reader")),
    annotations: { "podid.dev/target": vmId("vm-0"), "podid.dev/pod-uid": "shop-web-0-uid" },
    finalizers: ["finalizer"],
  };
  const pooled = poolAssignedIdentity({ one: (text) => (kept.add(text), pool.one(text)) }, object);
  assert.deepEqual(pooled, object);
  for (const text of [vmId("vm-0"), "finalizer", object.namespace, "shop", "vm-0"])
    assert.ok(kept.has(text), text);
  for (const text of ["shop-web-0-uid", object.name]) assert.ok(!kept.has(text), text);
});
