import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { NewAssignedIdentity } from "../../../src/kubernetes/resource-source.ts";
import type { AzureIdentity, AzureIdentityBinding } from "../../../src/kubernetes/resources.ts";
import { at, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { applyCrds, createNamespace } from "../../control-plane/fixtures.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { clientOf, follow } from "./followed.ts";
import { useProxy } from "./proxy.ts";

const group = "/apis/aadpodidentity.k8s.io/v1";
const finalizer = "azureassignedidentity.finalizers.aadpodidentity.k8s.io";
const resourceID =
  "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader";

function objectFor(
  namespace: string,
  identity: AzureIdentity,
  binding: AzureIdentityBinding,
): NewAssignedIdentity {
  return {
    namespace,
    name: `web-0-${namespace}-reader`,
    labels: { nodename: "n1" },
    annotations: { "podid.dev/pod-uid": "u1" },
    finalizers: [finalizer],
    spec: {
      pod: "web-0",
      podNamespace: namespace,
      nodename: "n1",
      azureIdentityRef: identity,
      azureBindingRef: binding,
    },
    status: { status: "Created", inForce: true, validUntil: "2026-06-14T22:00:00Z" },
  };
}

describe("writing through the cluster source", () => {
  const plane = useControlPlane();

  it("creates, replaces, patches and deletes assigned identities, and reads its own writes", async (t) => {
    await applyCrds(plane());
    const admin = plane().api();
    const namespace = await createNamespace(admin);
    const base = `${group}/namespaces/${namespace}`;
    await succeed(
      admin.post(`${base}/azureidentities`, {
        apiVersion: "aadpodidentity.k8s.io/v1",
        kind: "AzureIdentity",
        metadata: { name: "reader", annotations: { team: "shop" } },
        spec: { type: 0, resourceID, clientID: "c1", usableBy: { namespaces: ["shop"] } },
      }),
    );
    await succeed(
      admin.post(`${base}/azureidentitybindings`, {
        apiVersion: "aadpodidentity.k8s.io/v1",
        kind: "AzureIdentityBinding",
        metadata: { name: "nightly" },
        spec: {
          azureIdentity: "reader",
          selector: "web",
          timeBox: { notBefore: "2026-01-01T00:00:00Z", notAfter: "2027-01-01T00:00:00Z" },
        },
      }),
    );
    const source = follow(t, await clientOf(t, plane()), {
      kinds: ["AzureIdentity", "AzureIdentityBinding", "AzureAssignedIdentity"],
    });
    await source.synced();
    const identity = source.get("AzureIdentity", `${namespace}/reader`);
    const binding = source.get("AzureIdentityBinding", `${namespace}/nightly`);
    assert.ok(identity && binding);
    const wanted = objectFor(namespace, identity, binding);
    const key = `${namespace}/${wanted.name}`;
    const path = `${base}/azureassignedidentities/${wanted.name}`;

    const created = await source.createAssignedIdentity(wanted);
    const seen = source.get("AzureAssignedIdentity", key);
    assert.deepEqual(seen, created);
    assert.deepEqual(seen?.spec, wanted.spec, "the snapshots come back as they were");
    const stored = await succeed(admin.get(path));
    assert.equal(textAt(stored, "spec", "azureIdentityRef", "kind"), "AzureIdentity");
    assert.equal(textAt(stored, "spec", "azureBindingRef", "apiVersion"), "aadpodidentity.k8s.io/v1");
    assert.equal(
      textAt(stored, "spec", "azureIdentityRef", "metadata", "resourceVersion"),
      identity.resourceVersion,
    );
    assert.equal(at(stored, "status", "availableReplicas"), 1);
    await assert.rejects(source.createAssignedIdentity(wanted), { code: "AlreadyExists" });

    const annotations = { "podid.dev/pre-assigned": "true" };
    await source.patchAssignedIdentityStatus(key, { status: "Assigned", validUntil: null, annotations });
    const patched = source.get("AzureAssignedIdentity", key);
    assert.deepEqual(patched?.annotations, { ...wanted.annotations, ...annotations });
    assert.deepEqual(source.get("AzureAssignedIdentity", key)?.status, {
      status: "Assigned",
      inForce: true,
      validUntil: null,
    });

    await succeed(admin.patch(path, { metadata: { labels: { foreign: "kept" } }, spec: { replicas: 3 } }));
    await waitFor(
      () => source.get("AzureAssignedIdentity", key)?.labels["foreign"] === "kept",
      "the foreign change is seen",
    );
    const renewed: NewAssignedIdentity = {
      ...wanted,
      labels: { nodename: "n2", foreign: "kept" },
      spec: {
        ...wanted.spec,
        nodename: "n2",
        azureBindingRef: {
          ...binding,
          spec: { ...binding.spec, timeBox: { notAfter: "2028-01-01T00:00:00Z" } },
        },
      },
      status: { status: "Created", inForce: null, validUntil: null },
    };
    await source.replaceAssignedIdentity(renewed);
    assert.deepEqual(source.get("AzureAssignedIdentity", key)?.spec, renewed.spec);
    const replaced = await succeed(admin.get(path));
    assert.equal(at(replaced, "spec", "replicas"), 3, "foreign fields stay");
    assert.equal(at(replaced, "status", "availableReplicas"), 1);
    assert.equal(at(replaced, "status", "inForce"), undefined);
    assert.deepEqual(listAt(replaced, "metadata", "finalizers"), [finalizer]);

    await source.deleteAssignedIdentity(key);
    assert.equal(source.get("AzureAssignedIdentity", key), undefined);
    assert.equal((await admin.get(path)).status, 404);
    await source.deleteAssignedIdentity(key);
    await assert.rejects(source.replaceAssignedIdentity(renewed), { code: "NotFound" });
  });

  it("never undoes a change that it has not seen, nor takes another object for the one it knew", async (t) => {
    await applyCrds(plane());
    const admin = plane().api();
    const namespace = await createNamespace(admin);
    const base = `${group}/namespaces/${namespace}`;
    const proxy = await useProxy(t, plane(), plane().adminKubeconfigPath);
    const writing = await clientOf(t, plane());
    const reading = await clientOf(t, plane(), proxy.kubeconfig);
    const source = follow(
      t,
      { ...writing, watch: (watch) => reading.watch(watch) },
      { kinds: ["AzureAssignedIdentity"] },
    );
    await source.synced();
    const object: NewAssignedIdentity = {
      namespace,
      name: "one",
      labels: {},
      annotations: {},
      finalizers: [finalizer, "example.com/audit"],
      spec: {
        pod: "p",
        podNamespace: namespace,
        nodename: "n",
        azureIdentityRef: null,
        azureBindingRef: null,
      },
      status: { status: "Created", inForce: null, validUntil: null },
    };
    const key = `${namespace}/one`;
    const path = `${base}/azureassignedidentities/one`;
    await source.createAssignedIdentity(object);
    proxy.cut();
    await succeed(admin.patch(path, { metadata: { annotations: { unseen: "kept" } } }));
    await assert.rejects(source.replaceAssignedIdentity(object), { code: "Conflict" });
    proxy.open();
    await waitFor(
      () => source.get("AzureAssignedIdentity", key)?.annotations["unseen"] === "kept",
      "it is seen",
    );

    await source.deleteAssignedIdentity(key);
    const marked = await succeed(admin.get(path));
    assert.deepEqual(
      listAt(marked, "metadata", "finalizers"),
      ["example.com/audit"],
      "only ours is taken off",
    );
    proxy.cut();
    await succeed(admin.patch(path, { metadata: { finalizers: [] } }));
    await succeed(
      admin.post(`${base}/azureassignedidentities`, { ...Object(marked), metadata: { name: "one" } }),
    );
    await assert.rejects(source.deleteAssignedIdentity(key), { code: "Conflict" });
    assert.equal((await admin.get(path)).status, 200, "another object of the same name stays");
  });

  it("owns its fields of a status, and leaves those of others", async (t) => {
    await applyCrds(plane());
    const admin = plane().api();
    const namespace = await createNamespace(admin);
    const base = `${group}/namespaces/${namespace}/azureidentitybindings`;
    await succeed(
      admin.post(base, {
        apiVersion: "aadpodidentity.k8s.io/v1",
        kind: "AzureIdentityBinding",
        metadata: { name: "nightly" },
        spec: { azureIdentity: "reader", selector: "web" },
      }),
    );
    await succeed(admin.patch(`${base}/nightly/status`, { status: { availableReplicas: 3 } }));
    const source = follow(t, await clientOf(t, plane()), { kinds: ["AzureIdentityBinding"] });
    await source.synced();
    const key = `${namespace}/nightly`;
    const transition = { nextTransition: "2026-06-14T22:00:00Z" };
    await source.applyBindingStatus(key, { timeBox: { inForce: "Yes", reason: "InWindow", ...transition } });
    await source.applyBindingStatus(key, { timeBox: { inForce: "No", reason: "OutsideSchedule" } });
    const stored = await succeed(admin.get(`${base}/nightly`));
    assert.deepEqual(at(stored, "status"), {
      availableReplicas: 3,
      timeBox: { inForce: "No", reason: "OutsideSchedule" },
    });
    await assert.rejects(source.applyBindingStatus(`${namespace}/none`, {}), { code: "NotFound" });
    await assert.rejects(source.applyBindingStatus(key, { timeBox: { inForce: true } }), { code: "Invalid" });
    await assert.rejects(source.applyGrantStatus(`${namespace}/none`, {}), { code: "NotFound" });
  });

  it("reads a Secret only as far as it may", async (t) => {
    const admin = plane().api();
    const namespace = await createNamespace(admin);
    await succeed(
      admin.post(`/api/v1/namespaces/${namespace}/secrets`, {
        metadata: { name: "sp" },
        stringData: { ClientSecret: "s3cr3t" },
      }),
    );
    const source = follow(t, await clientOf(t, plane()), { kinds: [] });
    assert.equal((await source.readSecret(namespace, "sp"))?.get("ClientSecret"), "s3cr3t");
    assert.equal(await source.readSecret(namespace, "none"), undefined);
    const nobody = follow(t, await clientOf(t, plane(), await plane().kubeconfigFor("nobody")), {
      kinds: [],
    });
    await assert.rejects(nobody.readSecret(namespace, "sp"), { code: "Forbidden" });
  });
});
