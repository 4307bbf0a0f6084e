import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";

import type {
  AzureAssignedIdentityObject,
  AzureIdentityBindingStatus,
} from "../../../src/kubernetes/crd-types.ts";
import { renderCrdTypes } from "../../../tools/crd-types.ts";
import { crdDirectory, folderWith } from "./manifest-fixtures.ts";

describe("the types of podid's kinds", () => {
  it("are those of the CRDs: run `npm run generate` when this fails", async () => {
    const committed = await readFile(
      join(import.meta.dirname, "../../../src/kubernetes/crd-types.ts"),
      "utf8",
    );
    assert.equal(await renderCrdTypes(crdDirectory), committed);
  });

  it("change with a CRD", async (t) => {
    const exceptions = await readFile(join(crdDirectory, "azurepodidentityexceptions.yaml"), "utf8");
    const changed = exceptions.replace("podLabels:", "labels:").replace("required:", "x:");
    const types = await renderCrdTypes(await folderWith(t, { "a.yaml": changed }));
    assert.match(types, /readonly labels\?: \{\n\s+readonly \[k: string\]: string;/);
    assert.doesNotMatch(types, /podLabels/);
  });

  it("know no fields that the schema has not, and no values that it refuses", () => {
    const status: AzureIdentityBindingStatus = { timeBox: { inForce: "PerPod", activeGrants: ["restore"] } };
    // @ts-expect-error: misspelt
    const misspelt: AzureIdentityBindingStatus = { timebox: {} };
    // @ts-expect-error: not one of Yes, No, PerPod
    const unknown: AzureIdentityBindingStatus = { timeBox: { inForce: "yes" } };
    // @ts-expect-error: a reference without kind is refused by the API server
    const nameless: AzureAssignedIdentityObject["spec"] = { azureIdentityRef: { apiVersion: "v1" } };
    assert.ok(status && misspelt && unknown && nameless);
  });
});
