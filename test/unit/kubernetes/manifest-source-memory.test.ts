import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { createManifestSource, type ManifestSource } from "../../../src/kubernetes/manifest-source.ts";
import type { Change, NewAssignedIdentity } from "../../../src/kubernetes/resource-source.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { binding, crds, folderWith, grant } from "./manifest-fixtures.ts";

async function emptySource(t: TestContext): Promise<ManifestSource> {
  const directory = await folderWith(t, {});
  const clock = createSimulatedClock(Date.UTC(2026, 0, 1));
  return createManifestSource({ directory, crds, clock, log: createSilentLog(), watch: false });
}

const assigned: NewAssignedIdentity = {
  namespace: "default",
  name: "web-shop-reader",
  annotations: {},
  labels: { nodename: "local" },
  finalizers: [],
  spec: {
    pod: "web",
    podNamespace: "shop",
    nodename: "local",
    azureIdentityRef: null,
    azureBindingRef: null,
  },
  status: { status: "Created", inForce: null, validUntil: null },
};

describe("assigned identities in memory", () => {
  const key = "default/web-shop-reader";

  it("are created once, patched, and deleted, each with a change", async (t) => {
    const source = await emptySource(t);
    const changes: Change[] = [];
    source.subscribe((change) => changes.push(change));

    const created = await source.createAssignedIdentity(assigned);
    assert.equal(created.creationTimestamp, "2026-01-01T00:00:00Z");
    assert.notEqual(created.uid, "");
    await assert.rejects(source.createAssignedIdentity(assigned), { code: "AlreadyExists" });

    await source.patchAssignedIdentityStatus(key, { status: "Assigned", inForce: true });
    await source.patchAssignedIdentityStatus(key, { status: "Assigned" });
    const patched = source.get("AzureAssignedIdentity", key);
    assert.deepEqual(patched?.status, { status: "Assigned", inForce: true, validUntil: null });
    assert.notEqual(patched?.resourceVersion, created.resourceVersion);
    await source.patchAssignedIdentityStatus(key, { annotations: { note: "new" } });
    const annotated = source.get("AzureAssignedIdentity", key);
    assert.deepEqual(annotated?.annotations, { ...created.annotations, note: "new" });
    assert.deepEqual(annotated?.status, patched?.status);

    await source.deleteAssignedIdentity(key);
    await source.deleteAssignedIdentity(key);
    assert.deepEqual(source.list("AzureAssignedIdentity"), []);
    await assert.rejects(source.patchAssignedIdentityStatus(key, {}), { code: "NotFound" });

    const change: Change = { kind: "AzureAssignedIdentity", key };
    assert.deepEqual(changes, [change, change, change, change]);
  });
});

describe("an assigned identity that is replaced", () => {
  it("keeps uid and creation time and takes the rest, with one change", async (t) => {
    const source = await emptySource(t);
    const created = await source.createAssignedIdentity(assigned);
    const changes: Change[] = [];
    source.subscribe((change) => changes.push(change));
    const next: NewAssignedIdentity = {
      ...assigned,
      annotations: { "podid.dev/pod-uid": "second" },
      labels: { nodename: "other" },
      spec: { ...assigned.spec, nodename: "other" },
      status: { status: "Created", inForce: true, validUntil: null },
    };
    await source.replaceAssignedIdentity(next);
    const [replaced, ...others] = source.list("AzureAssignedIdentity");
    assert.deepEqual(others, []);
    const { uid, creationTimestamp } = created;
    assert.deepEqual(replaced, {
      ...next,
      uid,
      creationTimestamp,
      resourceVersion: replaced?.resourceVersion,
    });
    assert.notEqual(replaced.resourceVersion, created.resourceVersion);
    assert.deepEqual(changes, [{ kind: "AzureAssignedIdentity", key: "default/web-shop-reader" }]);
  });

  it("must be there", async (t) => {
    const source = await emptySource(t);
    await assert.rejects(source.replaceAssignedIdentity(assigned), { code: "NotFound" });
  });
});

describe("statuses in memory", () => {
  it("are those that were applied last, for objects that are there", async (t) => {
    const directory = await folderWith(t, { "binding.yaml": binding("nightly"), "grant.yaml": grant("g1") });
    const clock = createSimulatedClock(Date.UTC(2026, 0, 1));
    const source = await createManifestSource({
      directory,
      crds,
      clock,
      log: createSilentLog(),
      watch: false,
    });
    const [bindings, grants] = [source.list("AzureIdentityBinding"), source.list("AzureIdentityAccessGrant")];
    const [bindingKey, grantKey] = [...bindings, ...grants].map(
      ({ namespace, name }) => `${namespace}/${name}`,
    );
    assert.ok(bindingKey !== undefined && grantKey !== undefined);
    assert.equal(source.statusOf("AzureIdentityBinding", bindingKey), undefined);
    await source.applyBindingStatus(bindingKey, { timeBox: { inForce: "Yes" } });
    await source.applyBindingStatus(bindingKey, { timeBox: { inForce: "No" } });
    await source.applyGrantStatus(grantKey, { phase: "Active" });
    assert.deepEqual(source.statusOf("AzureIdentityBinding", bindingKey), {
      timeBox: { inForce: "No" },
    });
    assert.deepEqual(source.statusOf("AzureIdentityAccessGrant", grantKey), { phase: "Active" });
    await assert.rejects(source.applyBindingStatus("shop/none", {}), { code: "NotFound" });
  });
});

describe("events in memory", () => {
  it("are kept, the latest thousand", async (t) => {
    const source = await emptySource(t);
    for (let i = 0; i < 1001; i += 1) {
      source.recordEvent({
        kind: "Pod",
        key: "shop/web",
        type: "Normal",
        reason: "Test",
        message: String(i),
      });
    }
    assert.equal(source.events().length, 1000);
    assert.equal(source.events()[0]?.message, "1");
  });
});
