import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type * as engine from "../../../src/engine/resources.ts";
import { projections, secretProjection } from "../../../src/kubernetes/projections.ts";
import type * as kubernetes from "../../../src/kubernetes/resources.ts";

// Does not compile once a shape here is no longer what the engine takes, or the other way round.
type Equal<A, B> = A extends B ? (B extends A ? true : never) : never;
const shapesAreEqual: {
  Pod: Equal<kubernetes.Pod, engine.Pod>;
  Namespace: Equal<kubernetes.Namespace, engine.Namespace>;
  AzureIdentity: Equal<kubernetes.AzureIdentity, engine.AzureIdentity>;
  AzureIdentityBinding: Equal<kubernetes.AzureIdentityBinding, engine.AzureIdentityBinding>;
  AzurePodIdentityException: Equal<kubernetes.AzurePodIdentityException, engine.AzurePodIdentityException>;
  AzureIdentityAccessGrant: Equal<kubernetes.AzureIdentityAccessGrant, engine.AzureIdentityAccessGrant>;
  AzureIdentityAccessApproval: Equal<
    kubernetes.AzureIdentityAccessApproval,
    engine.AzureIdentityAccessApproval
  >;
  AzureAssignedIdentity: Equal<kubernetes.AzureAssignedIdentity, engine.AzureAssignedIdentity>;
  SecretReference: Equal<kubernetes.SecretReference, engine.SecretReference>;
  AssignedIdentityState: Equal<kubernetes.AssignedIdentityState, engine.AssignedIdentityState>;
} = {
  Pod: true,
  Namespace: true,
  AzureIdentity: true,
  AzureIdentityBinding: true,
  AzurePodIdentityException: true,
  AzureIdentityAccessGrant: true,
  AzureIdentityAccessApproval: true,
  AzureAssignedIdentity: true,
  SecretReference: true,
  AssignedIdentityState: true,
};

const noMetadata = {
  namespace: "",
  name: "",
  uid: "",
  resourceVersion: "",
  annotations: {},
  creationTimestamp: null,
};
const emptyGrant = {
  bindingName: "",
  requester: "",
  justification: "",
  ticket: "",
  for: "",
  notBefore: null,
  podName: null,
  revoked: false,
  revokedBy: "",
  revokeReason: "",
};
const emptyApproval = {
  grantName: "",
  grantUID: "",
  bindingName: "",
  approver: "",
  decision: "",
  comment: "",
};
const emptyIdentity = {
  type: 0,
  resourceID: "",
  clientID: "",
  objectID: "",
  tenantID: "",
  auxiliaryTenantIDs: [],
  adEndpoint: "",
  clientPassword: null,
  usableBy: null,
};

describe("the projections", () => {
  it("give the shapes of the engine", () => assert.ok(Object.values(shapesAreEqual).every(Boolean)));

  it("read what is absent or null as empty", () => {
    for (const raw of [{}, { metadata: null, spec: null, status: null }]) {
      assert.deepEqual(projections.Pod.parse(raw), {
        namespace: "",
        name: "",
        uid: "",
        labels: {},
        annotations: {},
        serviceAccount: "default",
        node: "",
        phase: "",
        startTime: null,
        addresses: [],
        hostNetwork: false,
      });
      assert.deepEqual(projections.Node.parse(raw), { name: "", labels: {}, providerID: "" });
      assert.deepEqual(projections.AzureIdentity.parse(raw), { ...noMetadata, spec: emptyIdentity });
      assert.deepEqual(projections.AzureIdentityBinding.parse(raw), {
        ...noMetadata,
        spec: { azureIdentity: "", selector: "", weight: 0, match: null, timeBox: null },
      });
      assert.deepEqual(projections.AzurePodIdentityException.parse(raw), {
        ...noMetadata,
        spec: { podLabels: {} },
      });
      assert.deepEqual(projections.AzureIdentityAccessGrant.parse(raw), { ...noMetadata, spec: emptyGrant });
      assert.deepEqual(projections.AzureIdentityAccessApproval.parse(raw), {
        ...noMetadata,
        spec: emptyApproval,
      });
      assert.deepEqual(projections.AzureAssignedIdentity.parse(raw), {
        ...noMetadata,
        labels: {},
        finalizers: [],
        spec: { pod: "", podNamespace: "", nodename: "", azureIdentityRef: null, azureBindingRef: null },
        status: { status: "", inForce: null, validUntil: null },
      });
      assert.deepEqual(secretProjection.parse(raw), new Map());
    }
    assert.deepEqual(
      projections.AzureIdentity.parse({
        spec: { clientID: null, auxiliaryTenantIDs: null, clientPassword: {} },
      }).spec,
      { ...emptyIdentity, clientPassword: { namespace: "", name: "" } },
    );
  });

  it("read a pod as the API server writes it", () => {
    const pod = projections.Pod.parse({
      metadata: {
        namespace: "shop",
        name: "web-0",
        uid: "u",
        labels: { app: "web" },
        annotations: { a: "b" },
        managedFields: [],
      },
      spec: { nodeName: "n1", serviceAccountName: "web", hostNetwork: true, containers: [] },
      status: {
        phase: "Running",
        startTime: "2026-05-01T12:00:00Z",
        podIP: "10.0.0.1",
        podIPs: [{ ip: "10.0.0.1" }, { ip: "2001:0DB8:0:0::1" }],
      },
    });
    assert.deepEqual(pod, {
      namespace: "shop",
      name: "web-0",
      uid: "u",
      labels: { app: "web" },
      annotations: { a: "b" },
      serviceAccount: "web",
      node: "n1",
      phase: "Running",
      startTime: "2026-05-01T12:00:00Z",
      addresses: ["10.0.0.1", "2001:db8::1"],
      hostNetwork: true,
    });
  });

  it("read when a deleted pod's grace ends, and nothing of that of others", () => {
    const deletionTimestamp = "2026-05-01T12:00:30Z";
    assert.equal(
      projections.Pod.parse({ metadata: { deletionTimestamp } }).deletionTimestamp,
      deletionTimestamp,
    );
    assert.ok(!("deletionTimestamp" in projections.Pod.parse({ metadata: {} })));
  });

  it("keep time box, match and usableBy as written", () => {
    const timeBox = { suspend: null, windows: [{ times: [{ start: "x" }] }], more: 1.5 };
    assert.deepEqual(projections.AzureIdentityBinding.parse({ spec: { timeBox, match: {} } }).spec, {
      azureIdentity: "",
      selector: "",
      weight: 0,
      match: {},
      timeBox,
    });
  });

  it("read grants and approvals as the API server writes them", () => {
    const spec = {
      bindingName: "oncall",
      requester: "alice",
      justification: "restore the ledger",
      ticket: "INC-1",
      for: "1h30m",
      notBefore: "2026-05-01T12:00:00Z",
      podName: "web-0",
      revoked: true,
      revokedBy: "bob",
      revokeReason: "done",
    };
    const metadata = {
      name: "g",
      namespace: "shop",
      uid: "u",
      resourceVersion: "7",
      creationTimestamp: "2026-05-01T10:00:00Z",
      generation: 2,
    };
    const { generation, ...known } = { ...metadata, annotations: {} };
    assert.deepEqual(
      projections.AzureIdentityAccessGrant.parse({ metadata, spec, status: { state: "Revoked" } }),
      { ...known, generation, spec },
    );
    const vote = {
      grantName: "g",
      grantUID: "u",
      bindingName: "oncall",
      approver: "bob",
      decision: "Deny",
      comment: "not now",
    };
    assert.deepEqual(projections.AzureIdentityAccessApproval.parse({ metadata, spec: vote }), {
      ...known,
      spec: vote,
    });
  });

  it("read the snapshots in an assigned identity, also bare ones", () => {
    const assigned = projections.AzureAssignedIdentity.parse({
      metadata: { name: "x", namespace: "default", finalizers: ["f"], labels: { nodename: "n1" } },
      spec: {
        pod: "web-0",
        azureIdentityRef: { apiVersion: "v1", kind: "AzureIdentityList", spec: { type: 7 } },
        azureBindingRef: { metadata: { name: "b" }, spec: null },
      },
      status: { status: "Assigned", inForce: true, validUntil: "2026-05-01T12:00:00Z", availableReplicas: 1 },
    });
    assert.equal(assigned.spec.azureIdentityRef?.spec.type, 7);
    assert.equal(assigned.spec.azureBindingRef?.name, "b");
    assert.deepEqual(assigned.status, {
      status: "Assigned",
      inForce: true,
      validUntil: "2026-05-01T12:00:00Z",
    });
    assert.deepEqual(assigned.finalizers, ["f"]);
  });

  it("take no unknown state for an assignment", () => {
    // The last is of aad-pod-identity before 1.5.
    for (const status of [
      { status: "assigned" },
      { status: 7 },
      { status: null },
      { availableReplicas: 1 },
    ]) {
      const { status: read } = projections.AzureAssignedIdentity.parse({ status });
      assert.equal(read.status, "", JSON.stringify(status));
    }
  });

  it("add the label that every namespace has", () => {
    assert.deepEqual(projections.Namespace.parse({ metadata: { name: "shop", labels: { team: "a" } } }), {
      name: "shop",
      labels: { team: "a", "kubernetes.io/metadata.name": "shop" },
    });
  });

  it("let stringData win over data", () => {
    const secret = secretProjection.parse({
      data: { a: Buffer.from("old").toString("base64"), b: Buffer.from("kept").toString("base64") },
      stringData: { a: "new" },
    });
    assert.deepEqual(Object.fromEntries(secret), { a: "new", b: "kept" });
  });
});
