import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";

import { parseAllDocuments } from "yaml";
import { z } from "zod";

import { findAdmissionFaults } from "../../../src/kubernetes/served-admission.ts";
import { crdDirectory } from "./manifest-fixtures.ts";

const folder = join(crdDirectory, "../admission");
const object = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ policyName: z.string().optional() }),
});
type Shipped = z.infer<typeof object>;

const texts = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")));
const shipped = texts.flatMap((text) =>
  parseAllDocuments(text).map((document) => object.parse(document.toJS())),
);

/** A cluster that has what ships, as `change` alters it; undefined takes an object away. */
function clusterWith(change: (one: Shipped) => Shipped | undefined) {
  const objects = shipped.flatMap((one) => change(structuredClone(one)) ?? []);
  const items = (kind: string): object => ({ items: objects.filter((one) => one.kind === kind) });
  return {
    call: async ({ path }: { readonly path: string }) =>
      items(path.endsWith("bindings") ? "ValidatingAdmissionPolicyBinding" : "ValidatingAdmissionPolicy"),
  };
}

const isOf = (one: Shipped, kind: string): boolean =>
  one.kind === kind && (one.spec.policyName ?? one.metadata.name) === "podid-grant-request";

describe("grants and approvals", () => {
  it("are believed in a cluster that has what ships", async () => {
    assert.deepEqual(await findAdmissionFaults(clusterWith((one) => one)), []);
  });

  const rows: readonly { readonly name: string; readonly change: (one: Shipped) => Shipped | undefined }[] = [
    {
      name: "without the policy",
      change: (one) => (isOf(one, "ValidatingAdmissionPolicy") ? undefined : one),
    },
    {
      name: "with the policy failing open",
      change: (one) =>
        isOf(one, "ValidatingAdmissionPolicy")
          ? { ...one, spec: { ...one.spec, failurePolicy: "Ignore" } }
          : one,
    },
    {
      name: "with nobody bound by it",
      change: (one) => (isOf(one, "ValidatingAdmissionPolicyBinding") ? undefined : one),
    },
    {
      name: "with a mere warning",
      change: (one) =>
        isOf(one, "ValidatingAdmissionPolicyBinding")
          ? { ...one, spec: { ...one.spec, validationActions: ["Warn", "Audit"] } }
          : one,
    },
    {
      name: "with some namespaces left out",
      change: (one) =>
        isOf(one, "ValidatingAdmissionPolicyBinding")
          ? {
              ...one,
              spec: {
                ...one.spec,
                matchResources: { namespaceSelector: { matchLabels: { strict: "yes" } } },
              },
            }
          : one,
    },
  ];
  for (const { name, change } of rows) {
    it(`are not, ${name}`, async () => {
      const faults = await findAdmissionFaults(clusterWith(change));
      assert.equal(faults.length, 1, faults.join("\n"));
      assert.match(
        faults[0] ?? "",
        /podid-grant-request .*kubectl apply --server-side -f deploy\/admission$/,
      );
    });
  }

  it("are believed when the binding's selectors are there but empty, as the API server fills them in", async () => {
    const cluster = clusterWith((one) => ({
      ...one,
      spec: {
        ...one.spec,
        matchResources: { namespaceSelector: {}, objectSelector: {}, matchPolicy: "Equivalent" },
      },
    }));
    assert.deepEqual(await findAdmissionFaults(cluster), []);
  });
});
