import { promises as fs } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { toError } from "../runtime/to-error.ts";
import { KubernetesError } from "./errors.ts";
import { isJsonObject, jsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** What a CustomResourceDefinition makes the server keep: everything else is pruned without an error. */
export interface CrdShape {
  /** Such as `azureidentitybindings.aadpodidentity.k8s.io`. */
  readonly name: string;
  readonly version: string;
  readonly schema: JsonObject;
  readonly hasStatus: boolean;
  readonly selectable: readonly string[];
}

const definition = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    versions: z.array(
      z.object({
        name: z.string(),
        served: z.boolean().default(true),
        schema: z.object({ openAPIV3Schema: jsonObject }),
        subresources: z.object({ status: z.unknown().optional() }).nullish(),
        selectableFields: z.array(z.object({ jsonPath: z.string() })).nullish(),
      }),
    ),
  }),
});

/** The served versions of a raw CustomResourceDefinition; null when it is none. */
export function crdShapes(raw: unknown): readonly CrdShape[] | null {
  const result = definition.safeParse(raw);
  if (!result.success) return null;
  const { metadata, spec } = result.data;
  return spec.versions
    .filter(({ served }) => served)
    .map(({ name, schema, subresources, selectableFields }) => ({
      name: metadata.name,
      version: name,
      schema: schema.openAPIV3Schema,
      hasStatus: subresources?.status !== undefined,
      selectable: (selectableFields ?? []).map(({ jsonPath }) => jsonPath),
    }));
}

/**
 * The definitions that ship with this podid, the `*.json` of `directory`: what it relies on.
 * @throws KubernetesError `InvalidCrd`
 */
export async function readShippedShapes(directory: string): Promise<readonly CrdShape[]> {
  try {
    const files = (await fs.readdir(directory)).filter((file) => file.endsWith(".json")).toSorted();
    const shapes = await Promise.all(
      files.map(async (file) => {
        const found = crdShapes(JSON.parse(await fs.readFile(join(directory, file), "utf8")));
        if (found === null) throw new Error(`${file} is no CustomResourceDefinition`);
        return found;
      }),
    );
    return shapes.flat();
  } catch (cause) {
    throw new KubernetesError("InvalidCrd", `${directory}: ${toError(cause).message}`, { cause });
  }
}

/** The paths of fields, such as `spec.timeBox.windows`, that `wanted` keeps and `served` drops; outermost only. */
export function missingFields(wanted: JsonObject, served: JsonObject, path = ""): readonly string[] {
  if (served["x-kubernetes-preserve-unknown-fields"] === true) return [];
  const items = nested(wanted["items"], served["items"], `${path}[]`);
  const values = nested(wanted["additionalProperties"], served["additionalProperties"], `${path}.*`);
  const known = fieldsOf(served["properties"]);
  const properties = Object.entries(fieldsOf(wanted["properties"])).flatMap(([name, schema]) => {
    const field = path === "" ? name : `${path}.${name}`;
    const there = known[name];
    if (!isJsonObject(there)) return [field];
    return isJsonObject(schema) ? missingFields(schema, there, field) : [];
  });
  return [...properties, ...items, ...values];
}

function nested(
  wanted: JsonValue | undefined,
  served: JsonValue | undefined,
  path: string,
): readonly string[] {
  if (!isJsonObject(wanted)) return [];
  return isJsonObject(served) ? missingFields(wanted, served, path) : [path];
}

function fieldsOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
