import { promises as fs } from "node:fs";
import { join } from "node:path";

import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { parse } from "yaml";
import { z } from "zod";

import { toError } from "../runtime/to-error.ts";
import { KubernetesError } from "./errors.ts";
import { isJsonObject, jsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** Checks raw objects of one kind; an empty answer means that nothing is wrong. */
interface KindSchema {
  /** `group/version` that objects must carry. */
  readonly apiVersion: string;
  validate(object: JsonObject): readonly ErrorObject[];
}

type CrdKind =
  | "AzureIdentity"
  | "AzureIdentityBinding"
  | "AzureAssignedIdentity"
  | "AzurePodIdentityException"
  | "AzureIdentityAccessGrant"
  | "AzureIdentityAccessApproval";

export type CrdSchemas = Readonly<Record<CrdKind, KindSchema>>;

const crd = z.object({
  kind: z.literal("CustomResourceDefinition"),
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.tuple([z.object({ name: z.string(), schema: z.object({ openAPIV3Schema: jsonObject }) })]),
  }),
});

/**
 * Compiles the structural schemas of podid's CustomResourceDefinitions, the `*.yaml` of `directory`.
 * Stricter than an API server in two points: unknown fields are refused instead of dropped, and so
 * is null where it would take a restriction away. Defaults are not filled in and CEL rules not run.
 * @throws KubernetesError `InvalidCrd` when a kind is missing or a file is no CRD with one version.
 */
export async function loadCrdSchemas(directory: string): Promise<CrdSchemas> {
  const ajv = createAjv();
  const loaded = await readCrds(directory);
  const compiled = (kind: CrdKind): KindSchema => {
    const found = loaded.find(({ spec }) => spec.names.kind === kind);
    if (found === undefined)
      throw new KubernetesError("InvalidCrd", `${directory}: no definition of ${kind}`);
    const { group, versions } = found.spec;
    const validate = ajv.compile(rootSchema(versions[0].schema.openAPIV3Schema));
    return { apiVersion: `${group}/${versions[0].name}`, validate: errorsOf(validate) };
  };
  return {
    AzureIdentity: compiled("AzureIdentity"),
    AzureIdentityBinding: compiled("AzureIdentityBinding"),
    AzureAssignedIdentity: compiled("AzureAssignedIdentity"),
    AzurePodIdentityException: compiled("AzurePodIdentityException"),
    AzureIdentityAccessGrant: compiled("AzureIdentityAccessGrant"),
    AzureIdentityAccessApproval: compiled("AzureIdentityAccessApproval"),
  };
}

async function readCrds(directory: string): Promise<readonly z.infer<typeof crd>[]> {
  try {
    const files = (await fs.readdir(directory)).filter((file) => file.endsWith(".yaml")).toSorted();
    return await Promise.all(
      files.map(async (file) => crd.parse(parse(await fs.readFile(join(directory, file), "utf8")))),
    );
  } catch (error) {
    throw new KubernetesError(
      "InvalidCrd",
      `${directory}: not a folder of CustomResourceDefinitions with one version each: ${toError(error).message}`,
      { cause: error },
    );
  }
}

function errorsOf(validate: ValidateFunction): KindSchema["validate"] {
  return (object) => (validate(object) ? [] : (validate.errors ?? []));
}

function createAjv(): Ajv {
  // `verbose` puts the failed part of the schema into each error, for messages that say the fix.
  const ajv = new Ajv({ strict: false, allErrors: true, verbose: true });
  ajv.addFormat("int32", { type: "number", validate: (value) => value >= -(2 ** 31) && value < 2 ** 31 });
  ajv.addFormat("int64", { type: "number", validate: (value) => Number.isSafeInteger(value) });
  // Only conditions have it, and nothing reads the status in a manifest.
  ajv.addFormat("date-time", true);
  return ajv;
}

const text = { type: ["string", "null"] };
const textMap = { type: ["object", "null"], additionalProperties: { type: "string" } };

/** metav1.ObjectMeta: what the API server puts where a CRD says `metadata: {type: object}`. */
const objectMeta = {
  type: "object",
  additionalProperties: false,
  properties: {
    name: text,
    generateName: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    selfLink: text,
    generation: { type: ["integer", "null"] },
    creationTimestamp: text,
    deletionTimestamp: text,
    deletionGracePeriodSeconds: { type: ["integer", "null"] },
    labels: textMap,
    annotations: textMap,
    finalizers: { type: ["array", "null"], items: { type: "string" } },
    ownerReferences: { type: ["array", "null"], items: { type: "object" } },
    managedFields: { type: ["array", "null"], items: { type: "object" } },
  },
};

function rootSchema(structural: JsonObject): JsonObject {
  const strict = strictSchema(structural, false);
  return isJsonObject(strict["properties"])
    ? { ...strict, properties: { ...strict["properties"], metadata: objectMeta } }
    : strict;
}

/**
 * An API server drops null from a field that is not nullable, as if it were absent. For these fields
 * absent means "no limit", so that `timeBox:` with nothing behind it would open a binding for ever.
 */
const restrictions = new Set(["timeBox", "match", "usableBy"]);

/**
 * `restricting`: within one of `restrictions` or within a required field, where null is refused. The
 * spec of grants is such a field: without podName a grant is for every pod, without revoked it lives.
 */
function strictSchema(schema: JsonObject, restricting: boolean): JsonObject {
  const strict: Record<string, JsonValue> = { ...schema };
  const { type, properties, items } = schema;
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  const restricts = (name: string): boolean => restricting || restrictions.has(name) || required.has(name);
  if (typeof type === "string" && !restricting) strict["type"] = [type, "null"];
  if (isJsonObject(items))
    strict["items"] = { ...strictSchema(items, restricting), type: items["type"] ?? "object" };
  if (isJsonObject(properties)) {
    strict["properties"] = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [
        name,
        isJsonObject(property) ? strictSchema(property, restricts(name)) : property,
      ]),
    );
    if (schema["x-kubernetes-preserve-unknown-fields"] !== true) strict["additionalProperties"] = false;
  }
  return strict;
}
