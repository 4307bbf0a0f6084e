import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type crds, fits } from "./manifest-fixtures.ts";

describe("the schemas of the four kinds", () => {
  // reference/kubernetes.md §4: what aad-pod-identity's schema answers, but for unknown fields.
  const rows: readonly { name: string; kind: keyof typeof crds; spec: unknown; ok: boolean }[] = [
    { name: "no spec", kind: "AzureIdentity", spec: undefined, ok: true },
    { name: "spec null", kind: "AzureIdentity", spec: null, ok: true },
    { name: "type 7", kind: "AzureIdentity", spec: { type: 7 }, ok: true },
    { name: "type as text", kind: "AzureIdentity", spec: { type: "0" }, ok: false },
    { name: "type a fraction", kind: "AzureIdentity", spec: { type: 0.5 }, ok: false },
    { name: "replicas beyond int32", kind: "AzureIdentity", spec: { replicas: 5_000_000_000 }, ok: false },
    { name: "clientID null", kind: "AzureIdentity", spec: { clientID: null }, ok: true },
    {
      name: "nullable fields null",
      kind: "AzureIdentity",
      spec: { auxiliaryTenantIDs: null, replicas: null },
      ok: true,
    },
    { name: "keys of before 1.6", kind: "AzureIdentity", spec: { ClientID: "x" }, ok: false },
    {
      name: "a label that is no text",
      kind: "AzurePodIdentityException",
      spec: { podLabels: { a: true } },
      ok: false,
    },
    { name: "an empty label", kind: "AzurePodIdentityException", spec: { podLabels: { a: "" } }, ok: true },
    { name: "no reference", kind: "AzureAssignedIdentity", spec: { azureIdentityRef: null }, ok: true },
    { name: "weight negative", kind: "AzureIdentityBinding", spec: { weight: -1 }, ok: true },
    {
      name: "federated",
      kind: "AzureIdentity",
      spec: { type: 3, federated: { assertion: "JwtSvid", audience: "a" } },
      ok: true,
    },
    {
      name: "unknown assertion",
      kind: "AzureIdentity",
      spec: { type: 3, federated: { assertion: "Jwt" } },
      ok: false,
    },
    {
      name: "objectID",
      kind: "AzureIdentity",
      spec: { objectID: "0A1b2c3d-0000-4000-8000-0123456789ab" },
      ok: true,
    },
    { name: "objectID malformed", kind: "AzureIdentity", spec: { objectID: "reader" }, ok: false },
    { name: "usableBy empty", kind: "AzureIdentity", spec: { usableBy: {} }, ok: false },
    {
      name: "usableBy null would free the identity",
      kind: "AzureIdentity",
      spec: { usableBy: null },
      ok: false,
    },
    {
      name: "usableBy service accounts",
      kind: "AzureIdentity",
      spec: { usableBy: { serviceAccounts: ["shop/web", "web"] } },
      ok: true,
    },
    {
      name: "usableBy service account malformed",
      kind: "AzureIdentity",
      spec: { usableBy: { serviceAccounts: ["a/b/c"] } },
      ok: false,
    },
    {
      name: "usableBy expression",
      kind: "AzureIdentity",
      spec: {
        usableBy: {
          namespaceSelector: { matchExpressions: [{ key: "team", operator: "In", values: ["a"] }] },
        },
      },
      ok: true,
    },
    {
      name: "usableBy unknown operator",
      kind: "AzureIdentity",
      spec: {
        usableBy: {
          namespaceSelector: { matchExpressions: [{ key: "team", operator: "in", values: ["a"] }] },
        },
      },
      ok: false,
    },
    { name: "match empty", kind: "AzureIdentityBinding", spec: { match: {} }, ok: false },
    { name: "match null", kind: "AzureIdentityBinding", spec: { match: null }, ok: false },
    {
      name: "match with all parts",
      kind: "AzureIdentityBinding",
      spec: {
        match: {
          podSelector: {},
          serviceAccounts: ["web"],
          pods: ["web-0"],
          spiffeIDs: ["spiffe://example.org/ns/shop"],
        },
      },
      ok: true,
    },
    {
      name: "match with an empty list",
      kind: "AzureIdentityBinding",
      spec: { match: { pods: [] } },
      ok: false,
    },
    {
      name: "timeBox null would open the binding",
      kind: "AzureIdentityBinding",
      spec: { timeBox: null },
      ok: false,
    },
    { name: "suspend null", kind: "AzureIdentityBinding", spec: { timeBox: { suspend: null } }, ok: false },
  ];
  for (const { name, kind, spec, ok } of rows) {
    it(`${ok ? "accept" : "refuse"}: ${kind}, ${name}`, () => assert.equal(fits(kind, spec), ok));
  }
});
