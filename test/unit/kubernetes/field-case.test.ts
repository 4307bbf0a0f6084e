import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type OldKind, withFieldCase } from "../../../src/kubernetes/field-case.ts";
import type { JsonObject } from "../../../src/kubernetes/json.ts";

const rows: readonly {
  readonly name: string;
  readonly kind: OldKind;
  readonly before: JsonObject;
  readonly after: JsonObject;
}[] = [
  {
    name: "an identity, its Secret too",
    kind: "AzureIdentity",
    before: {
      spec: { type: 1, ClientID: "c", TenantID: "t", ClientPassword: { Name: "n", Namespace: "s" } },
    },
    after: { spec: { type: 1, clientID: "c", tenantID: "t", clientPassword: { name: "n", namespace: "s" } } },
  },
  {
    name: "names in any letter case, as Go reads them",
    kind: "AzureIdentity",
    before: { Spec: { RESOURCEID: "r", adendpoint: "e" } },
    after: { spec: { resourceID: "r", adEndpoint: "e" } },
  },
  {
    name: "a binding",
    kind: "AzureIdentityBinding",
    before: { spec: { AzureIdentity: "reader", Selector: "Web" } },
    after: { spec: { azureIdentity: "reader", selector: "Web" } },
  },
  {
    name: "an exception, but not the labels in it",
    kind: "AzurePodIdentityException",
    before: { spec: { PodLabels: { App: "MIC", Type: "x" } } },
    after: { spec: { podLabels: { App: "MIC", Type: "x" } } },
  },
  {
    name: "an assigned identity with its snapshots and status",
    kind: "AzureAssignedIdentity",
    before: {
      spec: {
        AzureIdentityRef: { metadata: { name: "Name" }, spec: { ClientID: "c" } },
        AzureBindingRef: { spec: { Selector: "web" } },
        NodeName: "n1",
      },
      status: { Status: "Assigned" },
    },
    after: {
      spec: {
        azureIdentityRef: { metadata: { name: "Name" }, spec: { clientID: "c" } },
        azureBindingRef: { spec: { selector: "web" } },
        nodename: "n1",
      },
      status: { status: "Assigned" },
    },
  },
  {
    name: "of two spellings today's",
    kind: "AzureIdentity",
    before: { spec: { ClientID: "old", clientID: "new" } },
    after: { spec: { clientID: "new" } },
  },
  {
    name: "fields that nobody knows, as they are",
    kind: "AzureIdentityBinding",
    before: { spec: { Selector: "web", TimeBox: { Suspend: true } }, Extra: 1 },
    after: { spec: { selector: "web", TimeBox: { Suspend: true } }, Extra: 1 },
  },
];

describe("field names of before 1.6", () => {
  for (const { name, kind, before, after } of rows) {
    it(`become today's: ${name}`, () => assert.deepEqual(withFieldCase(kind, before), after));

    it(`stay when they are today's: ${name}`, () => assert.equal(withFieldCase(kind, after), after));
  }

  it("are no reason to touch what is no object", () => {
    const odd = { spec: null, metadata: { name: "x" } };
    assert.equal(withFieldCase("AzureIdentity", odd), odd);
  });
});
