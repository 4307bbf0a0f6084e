import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { describe, it } from "node:test";

import { parseAllDocuments } from "yaml";
import { z } from "zod";

import { rightsFor } from "../../../../src/cli/daemon/cluster-check.ts";
import { shippedFiles } from "../../../../src/cli/paths.ts";
import { readShippedShapes } from "../../../../src/kubernetes/crd-shape.ts";
import { resourceKinds } from "../../../../src/kubernetes/kind-paths.ts";
import type { Right } from "../../../../src/kubernetes/rights.ts";

const folder = resolve(import.meta.dirname, "../../../../deploy/rbac");
const role = z.object({
  kind: z.enum(["Role", "ClusterRole"]),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
    }),
  ),
});

/** Every right that a file of deploy/rbac gives, as a line each. */
async function given(file: string): Promise<readonly string[]> {
  const documents = parseAllDocuments(await readFile(resolve(folder, file), "utf8"));
  return documents.flatMap((document) => {
    const { success, data } = role.safeParse(document.toJS());
    if (!success) return [];
    const { namespace } = data.metadata;
    return data.rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) =>
            resourceNames.map((name) => line({ verb, group, resource, name, namespace })),
          ),
        ),
      ),
    );
  });
}

function line(right: { readonly [K in keyof Right]: string | undefined }): string {
  const { verb, group, resource, name = "any", namespace = "everywhere" } = right;
  return `${verb} ${group}/${resource} ${name} ${namespace}`;
}

async function needed(leaseNamespace: string | null): Promise<readonly string[]> {
  const shapes = await readShippedShapes(shippedFiles.definitions);
  const definitionNames = shapes.map(({ name }) => name);
  const kinds = leaseNamespace === null ? resourceKinds.filter((kind) => kind !== "Node") : resourceKinds;
  return rightsFor({ kinds, leaseNamespace, definitionNames }).map(line);
}

describe("deploy/rbac gives", () => {
  it("the controller what it asks for and nothing else, but for the upgrade of old field names, which asks for itself", async () => {
    const rewriting = ["azureidentities", "azureidentitybindings", "azurepodidentityexceptions"].map(
      (resource) =>
        line({
          verb: "update",
          group: "aadpodidentity.k8s.io",
          resource,
          name: undefined,
          namespace: undefined,
        }),
    );
    const noting = ["get", "create", "update"].map((verb) =>
      line({ verb, group: "", resource: "configmaps", name: undefined, namespace: "podid-system" }),
    );
    const all = [...(await needed("podid-system")), ...rewriting, ...noting];
    assert.deepEqual((await given("controller.yaml")).toSorted(), all.toSorted());
  });

  it("NMI what it asks for and nothing else, but for the startup taint and the Secrets that an installation may leave out or has to bind", async () => {
    const optional = [
      ["get", "secrets"],
      ["get", "nodes"],
      ["patch", "nodes"],
    ].map(([verb, resource]) => line({ verb, group: "", resource, name: undefined, namespace: undefined }));
    assert.deepEqual((await given("nmi.yaml")).toSorted(), [...(await needed(null)), ...optional].toSorted());
  });
});
