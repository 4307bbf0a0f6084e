import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";

import { parse } from "yaml";
import { z } from "zod";

import { loadCrdSchemas } from "../../../src/kubernetes/manifest-schema.ts";
import { crdDirectory, folderWith } from "./manifest-fixtures.ts";

const crdShape = z.object({
  apiVersion: z.literal("apiextensions.k8s.io/v1"),
  metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()) }),
  spec: z.object({
    group: z.string(),
    scope: z.string(),
    names: z.object({ kind: z.string(), listKind: z.string(), plural: z.string(), singular: z.string() }),
    versions: z.tuple([
      z.object({
        name: z.string(),
        served: z.boolean(),
        storage: z.boolean(),
        subresources: z.record(z.string(), z.unknown()).optional(),
        selectableFields: z.array(z.object({ jsonPath: z.string() })).optional(),
        additionalPrinterColumns: z.array(z.object({ name: z.string() })).optional(),
        schema: z.object({ openAPIV3Schema: z.record(z.string(), z.json()) }),
      }),
    ]),
  }),
});
const files = (await readdir(crdDirectory)).toSorted();
const definitions = await Promise.all(
  files.map(async (file) => crdShape.parse(parse(await readFile(join(crdDirectory, file), "utf8")))),
);
const definitionOf = (kind: string) => {
  const found = definitions.find(({ spec }) => spec.names.kind === kind);
  assert.ok(found, `no CRD for ${kind}`);
  return found.spec.versions[0];
};

const node = z.looseObject({
  description: z.string().optional(),
  properties: z.record(z.string(), z.json()).optional(),
  items: z.json().optional(),
  required: z.array(z.string()).optional(),
  "x-kubernetes-validations": z.array(z.object({ rule: z.string() })).optional(),
});
const rulesOf = (schema: z.infer<typeof node>): readonly string[] =>
  schema["x-kubernetes-validations"]?.map(({ rule }) => rule) ?? [];
const at = (kind: string, ...path: readonly string[]): z.infer<typeof node> => {
  let schema = node.parse(definitionOf(kind).schema.openAPIV3Schema);
  for (const step of path) schema = node.parse(step === "[]" ? schema.items : schema.properties?.[step]);
  return schema;
};

const sameOnceRevoked = (name: string): string =>
  `!oldSelf.revoked || (has(self.${name}) ? self.${name} : '') == (has(oldSelf.${name}) ? oldSelf.${name} : '')`;

const columns = (kind: string) => definitionOf(kind).additionalPrinterColumns?.map(({ name }) => name);

describe("the CRDs", () => {
  it("name the kinds of aad-pod-identity as it does, and those of just-in-time access", () => {
    assert.deepEqual(
      definitions.map(({ metadata, spec }) => [metadata.name, spec.names, spec.scope]),
      [
        ["azureassignedidentities", "AzureAssignedIdentity"],
        ["azureidentities", "AzureIdentity"],
        ["azureidentityaccessapprovals", "AzureIdentityAccessApproval"],
        ["azureidentityaccessgrants", "AzureIdentityAccessGrant"],
        ["azureidentitybindings", "AzureIdentityBinding"],
        ["azurepodidentityexceptions", "AzurePodIdentityException"],
      ].map(([plural = "", kind = ""]) => [
        `${plural}.aadpodidentity.k8s.io`,
        { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
        "Namespaced",
      ]),
    );
    for (const { metadata, spec } of definitions) {
      assert.equal(spec.group, "aadpodidentity.k8s.io");
      assert.equal(metadata.annotations["api-approved.kubernetes.io"], "unapproved");
      assert.deepEqual(
        spec.versions.map(({ name, served, storage }) => ({ name, served, storage })),
        [{ name: "v1", served: true, storage: true }],
      );
    }
  });

  it("keep the reference's columns and add those of time boxes", () => {
    assert.deepEqual(columns("AzureIdentity"), ["Type", "ClientID", "Age"]);
    assert.deepEqual(columns("AzureIdentityBinding"), [
      "AzureIdentity",
      "Selector",
      "OpenWhen",
      "InForce",
      "Reason",
      "Next",
      "Age",
    ]);
    assert.deepEqual(columns("AzureIdentityAccessGrant"), ["Binding", "Requester", "For", "State", "Until"]);
    assert.deepEqual(columns("AzureIdentityAccessApproval"), ["Grant", "Approver", "Decision", "Age"]);
    assert.equal(columns("AzureAssignedIdentity"), undefined);
    assert.equal(columns("AzurePodIdentityException"), undefined);
  });

  it("have a status subresource on bindings and grants alone", () => {
    assert.deepEqual(
      definitions
        .filter(({ spec }) => spec.versions[0].subresources?.["status"])
        .map(({ spec }) => spec.names.kind),
      ["AzureIdentityAccessGrant", "AzureIdentityBinding"],
    );
  });

  it("let agents select assigned identities by node", () => {
    assert.deepEqual(definitionOf("AzureAssignedIdentity").selectableFields, [
      { jsonPath: ".spec.nodename" },
    ]);
  });

  it("describe every field but those of snapshots, which are described where they are written", () => {
    const undescribed = (
      path: string,
      { properties = {}, items }: z.infer<typeof node>,
    ): readonly string[] => [
      ...Object.entries(properties).flatMap(([name, field]) => {
        const inner = node.parse(field);
        const here = inner.description === undefined ? [`${path}.${name}`] : [];
        return here.concat(name.endsWith("Ref") ? [] : undescribed(`${path}.${name}`, inner));
      }),
      ...(items === undefined ? [] : undescribed(`${path}[]`, node.parse(items))),
    ];
    const parts = definitions.flatMap(({ spec }) =>
      ["spec", "status"].map((part) => [spec.names.kind, part] as const),
    );
    assert.deepEqual(
      parts
        .filter(([kind, part]) => at(kind).properties?.[part] !== undefined)
        .flatMap(([kind, part]) => undescribed(`${kind}.${part}`, at(kind, part))),
      [],
    );
  });

  // reference/time-boxes.md §2.4. No CEL runs here; test/integration/admission asks an API server.
  it("freeze every field of a grant but the revocation", () => {
    const spec = at("AzureIdentityAccessGrant", "spec");
    const { revoked, revokedBy, revokeReason, ...request } = spec.properties ?? {};
    assert.ok(revoked && revokedBy && revokeReason);
    for (const name of Object.keys(request)) {
      assert.ok(rulesOf(at("AzureIdentityAccessGrant", "spec", name)).includes("self == oldSelf"), name);
    }
    const [presence = "", ...revocation] = rulesOf(spec);
    const optional = Object.keys(request).filter((name) => !spec.required?.includes(name));
    assert.deepEqual(
      presence.split(" && "),
      optional.map((name) => `has(self.${name}) == has(oldSelf.${name})`),
    );
    assert.deepEqual(revocation, [
      "!oldSelf.revoked || self.revoked",
      sameOnceRevoked("revokedBy"),
      sameOnceRevoked("revokeReason"),
    ]);
  });

  it("freeze approvals as a whole", () => {
    assert.deepEqual(rulesOf(at("AzureIdentityAccessApproval", "spec")), ["self == oldSelf"]);
  });

  it("bound every text of grants and approvals, since CEL counts the cost by it", () => {
    const unbounded = ["AzureIdentityAccessGrant", "AzureIdentityAccessApproval"].flatMap((kind) =>
      Object.entries(at(kind, "spec").properties ?? {})
        .filter(([, field]) => {
          const { type, maxLength, enum: choices } = node.parse(field);
          return type === "string" && maxLength === undefined && choices === undefined;
        })
        .map(([name]) => `${kind}.${name}`),
    );
    assert.deepEqual(unbounded, []);
  });

  it("say of a time box that it recalls no token", () => {
    assert.match(
      at("AzureIdentityBinding", "spec", "timeBox").description ?? "",
      /A time box limits when NMI hands out tokens\. It does not recall them\./,
    );
  });

  it("give windows and exclusions the same fields, but for exemptGrants", () => {
    const box = ["spec", "timeBox"];
    const windows = at("AzureIdentityBinding", ...box, "windows", "[]").properties;
    const { exemptGrants, ...exclusions } =
      at("AzureIdentityBinding", ...box, "exclusions", "[]").properties ?? {};
    assert.ok(exemptGrants);
    assert.deepEqual(exclusions, windows);
  });

  it("select nodes' pods in one way in match and in usableBy", () => {
    const { description: _pods, ...podSelector } = at("AzureIdentityBinding", "spec", "match", "podSelector");
    const { description: _spaces, ...namespaceSelector } = at(
      "AzureIdentity",
      "spec",
      "usableBy",
      "namespaceSelector",
    );
    assert.deepEqual(
      JSON.stringify(podSelector).replaceAll("the pod", "it"),
      JSON.stringify(namespaceSelector).replaceAll("the namespace", "it"),
    );
  });

  it("are refused as a whole when one is missing or none at all", async (t) => {
    const exceptions = await readFile(join(crdDirectory, "azurepodidentityexceptions.yaml"), "utf8");
    const incomplete = await folderWith(t, { "a.yaml": exceptions });
    await assert.rejects(loadCrdSchemas(incomplete), {
      code: "InvalidCrd",
      message: /no definition of AzureIdentity$/,
    });
    const foreign = await folderWith(t, { "a.yaml": "kind: Pod\n" });
    await assert.rejects(loadCrdSchemas(foreign), { code: "InvalidCrd" });
    await assert.rejects(loadCrdSchemas(join(foreign, "gone")), { code: "InvalidCrd" });
  });
});
