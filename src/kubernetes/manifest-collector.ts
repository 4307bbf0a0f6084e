import { createHash } from "node:crypto";

import type { z } from "zod";

import { isJsonObject, type JsonObject } from "./json.ts";
import { isPodidKind, problemAt, type IdentifiedObject } from "./manifest-identity.ts";
import { parsePath, type Finding, type Problem } from "./manifest-problem.ts";
import type { CrdSchemas } from "./manifest-schema.ts";
import { projections, secretProjection } from "./projections.ts";
import type { ResourceKinds } from "./resource-source.ts";
import { projectionFindings, schemaFindings } from "./schema-findings.ts";

/** Kinds whose objects come from files. */
export type ManifestResourceKind = Exclude<keyof ResourceKinds, "AzureAssignedIdentity">;

/** Objects by kind and key. */
export type ManifestResources = {
  readonly [K in ManifestResourceKind]: ReadonlyMap<string, ResourceKinds[K]>;
};

/** What manifests say. */
export interface CollectedManifests {
  /** `uid` is empty where the file gives none; `resourceVersion` is a hash of the content. */
  readonly resources: ManifestResources;
  /** Decoded data by `namespace/name`. */
  readonly secrets: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly problems: readonly Problem[];
}

/**
 * Asked about each AzureIdentity and AzureIdentityBinding that fits its schema. What it finds is
 * reported, and the object is served all the same: the policy that judges here keeps it closed.
 */
export type ManifestJudge = (
  kind: "AzureIdentity" | "AzureIdentityBinding",
  object: JsonObject,
) => readonly { readonly field: string; readonly message: string }[];

export interface CollectorOptions {
  readonly schemas: CrdSchemas;
  readonly judge: ManifestJudge;
}

/** Takes the objects that are fit to serve, and says what is wrong with the others. */
export function collectManifests(
  objects: readonly IdentifiedObject[],
  { schemas, judge }: CollectorOptions,
): CollectedManifests {
  const shelves = {
    Pod: createShelf(projections.Pod),
    Node: createShelf(projections.Node),
    Namespace: createShelf(projections.Namespace),
    Secret: createShelf(secretProjection),
    AzureIdentity: createShelf(projections.AzureIdentity),
    AzureIdentityBinding: createShelf(projections.AzureIdentityBinding),
    AzurePodIdentityException: createShelf(projections.AzurePodIdentityException),
  };
  const problems = objects.flatMap((object) => {
    let findings = schemaCheck(object, schemas);
    if (findings.length === 0) findings = shelves[object.kind].put(object.key, completed(object));
    if (findings.length === 0) findings = judged(object, judge);
    return findings.map(({ path, message }) => problemAt(object, path, message));
  });
  return {
    resources: {
      Pod: shelves.Pod.objects,
      Node: shelves.Node.objects,
      Namespace: shelves.Namespace.objects,
      AzureIdentity: shelves.AzureIdentity.objects,
      AzureIdentityBinding: shelves.AzureIdentityBinding.objects,
      AzurePodIdentityException: shelves.AzurePodIdentityException.objects,
    },
    secrets: shelves.Secret.objects,
    problems,
  };
}

interface Shelf<T> {
  readonly objects: ReadonlyMap<string, T>;
  /** Keeps the object, or says why it does not fit. */
  put(key: string, raw: JsonObject): readonly Finding[];
}

function createShelf<T>(projection: z.ZodType<T>): Shelf<T> {
  const objects = new Map<string, T>();
  return {
    objects,
    put: (key, raw) => {
      const projected = projection.safeParse(raw);
      if (!projected.success) return projectionFindings(raw, projected.error.issues);
      objects.set(key, projected.data);
      return [];
    },
  };
}

function schemaCheck({ kind, raw }: IdentifiedObject, schemas: CrdSchemas): readonly Finding[] {
  if (!isPodidKind(kind)) return [];
  const findings = schemaFindings(raw, schemas[kind].validate(raw));
  return kind === "AzureIdentity" && findings.length === 0 ? resourceIdCheck(raw) : findings;
}

/**
 * MIC passes over identities of type 0 whose resourceID has another form, and compares neither case
 * nor what stands around it (reference/aad-pod-identity.md §1.1). Here the author is told.
 */
const resourceIdForm =
  /\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/microsoft\.managedidentity\/userassignedidentities\/[^/]+/i;

function resourceIdCheck({ spec }: JsonObject): readonly Finding[] {
  const { type, resourceID } = isJsonObject(spec) ? spec : {};
  if ((type ?? 0) !== 0) return [];
  if (typeof resourceID === "string" && resourceIdForm.test(resourceID)) return [];
  const form =
    "/subscriptions/<id>/resourcegroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>";
  const what = resourceID == null || resourceID === "" ? "missing" : "malformed";
  return [{ path: ["spec", "resourceID"], message: `${what}: type 0 needs ${form}` }];
}

/** With what an API server would add; every change of the text changes the resourceVersion. */
function completed({ raw, namespace }: IdentifiedObject): JsonObject {
  const resourceVersion = createHash("sha256").update(JSON.stringify(raw)).digest("hex").slice(0, 16);
  return {
    ...raw,
    metadata: { ...(isJsonObject(raw["metadata"]) ? raw["metadata"] : {}), namespace, resourceVersion },
  };
}

function judged({ kind, raw }: IdentifiedObject, judge: ManifestJudge): readonly Finding[] {
  if (kind !== "AzureIdentity" && kind !== "AzureIdentityBinding") return [];
  return judge(kind, raw).map(({ field, message }) => ({ path: parsePath(field), message }));
}
