import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createSnapshotPool } from "../../../src/kubernetes/snapshot-pool.ts";
import { makeAssigned, makeIdentity, makePod } from "../controller/objects.ts";

describe("snapshots in objects of many pods", () => {
  it("are one when they hold the same, and never otherwise", () => {
    const share = createSnapshotPool();
    const first = share(makeAssigned(makePod("web-0"), makeIdentity("reader")));
    const same = share(makeAssigned(makePod("web-1"), makeIdentity("reader")));
    const edited = share(
      makeAssigned(makePod("web-2"), makeIdentity("reader", { spec: { clientID: "another" } })),
    );
    assert.equal(same.spec.azureIdentityRef, first.spec.azureIdentityRef);
    assert.equal(same.spec.azureBindingRef, first.spec.azureBindingRef);
    assert.equal(edited.spec.azureIdentityRef?.spec.clientID, "another");
    assert.equal(first.spec.azureIdentityRef?.spec.clientID, "reader-client");
    assert.equal(same.spec.pod, "web-1");
  });

  it("may be absent", () => {
    const object = makeAssigned(makePod("web-0"), makeIdentity("reader"));
    const bare = { ...object, spec: { ...object.spec, azureIdentityRef: null, azureBindingRef: null } };
    assert.deepEqual(createSnapshotPool()(bare), bare);
  });
});
