import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  assignedIdentityBody,
  mergeAssignedIdentity,
  statusPatch,
} from "../../../src/kubernetes/assigned-identity-wire.ts";
import { projections } from "../../../src/kubernetes/projections.ts";
import type { NewAssignedIdentity } from "../../../src/kubernetes/resource-source.ts";
import type { AzureIdentity, AzureIdentityBinding } from "../../../src/kubernetes/resources.ts";
import { createStringPool, poolPod } from "../../../src/kubernetes/string-pool.ts";

const stored = {
  namespace: "shop",
  uid: "6f1b5b6e-0000-4000-8000-000000000001",
  resourceVersion: "7",
  annotations: { owner: "team-a" },
  creationTimestamp: "2026-01-01T00:00:00Z",
};
const identity: AzureIdentity = {
  ...stored,
  name: "reader",
  spec: {
    type: 1,
    resourceID: "",
    clientID: "c",
    objectID: "o",
    tenantID: "t",
    auxiliaryTenantIDs: ["t2"],
    adEndpoint: "https://login.example",
    clientPassword: { namespace: "shop", name: "secret" },
    usableBy: { namespaces: ["shop"] },
  },
};
const binding: AzureIdentityBinding = {
  ...stored,
  name: "reads",
  spec: {
    azureIdentity: "reader",
    selector: "frontend",
    weight: 3,
    match: { pods: ["web-0"] },
    timeBox: { notAfter: "2027-01-01T00:00:00Z" },
  },
};
const object: NewAssignedIdentity = {
  namespace: "default",
  name: "web-0-shop-reader",
  labels: { nodename: "node-0" },
  annotations: { "podid.dev/pod-uid": "u" },
  finalizers: ["azureassignedidentity.finalizers.aadpodidentity.k8s.io"],
  spec: {
    pod: "web-0",
    podNamespace: "shop",
    nodename: "node-0",
    azureIdentityRef: identity,
    azureBindingRef: binding,
  },
  status: { status: "Created", inForce: true, validUntil: "2027-01-01T00:00:00Z" },
};

describe("an assigned identity on the wire", () => {
  it("reads back as what was written, snapshots and all", () => {
    const read = projections.AzureAssignedIdentity.parse(assignedIdentityBody(object));
    const { uid: _, resourceVersion: __, creationTimestamp: ___, ...rest } = read;
    assert.deepEqual(rest, object);
  });

  it("has what aad-pod-identity needs to read it: kinds on the snapshots, one replica", () => {
    const body = JSON.stringify(assignedIdentityBody(object));
    assert.match(
      body,
      /"azureIdentityRef":\{"apiVersion":"aadpodidentity\.k8s\.io\/v1","kind":"AzureIdentity"/,
    );
    assert.match(
      body,
      /"azureBindingRef":\{"apiVersion":"aadpodidentity\.k8s\.io\/v1","kind":"AzureIdentityBinding"/,
    );
    assert.match(body, /"availableReplicas":1/);
  });

  it("keeps what others wrote beside ours, and not what is true no more", () => {
    const merged = mergeAssignedIdentity(
      {
        metadata: { name: object.name, uid: "1", resourceVersion: "9", managedFields: [] },
        spec: { replicas: 2, pod: "earlier" },
        status: {
          status: "Assigned",
          inForce: true,
          validUntil: "2026-01-01T00:00:00Z",
          availableReplicas: 1,
        },
      },
      { ...object, status: { status: "Created", inForce: null, validUntil: null } },
    );
    const read = projections.AzureAssignedIdentity.parse(merged);
    assert.equal(read.resourceVersion, "9");
    assert.equal(read.spec.pod, "web-0");
    assert.deepEqual(read.status, { status: "Created", inForce: null, validUntil: null });
    assert.match(JSON.stringify(merged), /"replicas":2/);
    assert.match(JSON.stringify(merged), /"availableReplicas":1/);
  });

  const patches = [
    { name: "one field", patch: { status: "Assigned" }, sent: { status: "Assigned" } },
    { name: "a field that goes", patch: { validUntil: null }, sent: { validUntil: null } },
    { name: "nothing", patch: {}, sent: {} },
  ] as const;
  for (const { name, patch, sent } of patches) {
    it(`patches only what is named: ${name}`, () => {
      assert.deepEqual(statusPatch(patch), { status: sent });
    });
  }
});

describe("texts that pods repeat", () => {
  it("are the same pod's texts, out of the pool", () => {
    const pod = projections.Pod.parse({
      metadata: { namespace: "shop", name: "web-0", uid: "u", labels: { app: "web" } },
      spec: { nodeName: "node-0", serviceAccountName: "web" },
      status: { phase: "Running", podIP: "10.0.0.1" },
    });
    assert.deepEqual(poolPod(createStringPool(), pod), pod);
  });

  it("are forgotten, not lost, when there are too many", () => {
    const pool = createStringPool();
    for (let i = 0; i < 60_000; i += 1) assert.equal(pool.one(`text-${i}`), `text-${i}`);
  });
});
