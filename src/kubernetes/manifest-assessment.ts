import { createHash } from "node:crypto";

import type { z } from "zod";

import { isUserAssignedIdentityId, userAssignedIdentityForm } from "../runtime/identity-id.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { creationFindings } from "./manifest-access.ts";
import { isPodidKind, problemAt, type IdentifiedObject, type ManifestKind } from "./manifest-identity.ts";
import { parsePath, type Finding, type Problem } from "./manifest-problem.ts";
import type { CrdSchemas } from "./manifest-schema.ts";
import { projections, secretProjection } from "./projections.ts";
import type { ResourceKinds } from "./resource-source.ts";
import { projectionFindings, schemaFindings } from "./schema-findings.ts";

const judgedKinds = [
  "AzureIdentity",
  "AzureIdentityBinding",
  "AzureIdentityAccessGrant",
  "AzureIdentityAccessApproval",
] as const;

/**
 * Asked once about each object of these kinds that fits its schema, until its file changes. What it
 * finds is reported, and the object is served all the same: the policy that judges here keeps it closed.
 */
export type ManifestJudge = (
  kind: (typeof judgedKinds)[number],
  object: JsonObject,
) => readonly { readonly field: string; readonly message: string }[];

export interface AssessmentOptions {
  readonly schemas: CrdSchemas;
  readonly judge: ManifestJudge;
}

/** Kinds whose objects come from files. */
export type ManifestResourceKind = Exclude<keyof ResourceKinds, "AzureAssignedIdentity">;

/** What is served, by the kind of the manifest. */
export interface ManifestValues extends Pick<ResourceKinds, ManifestResourceKind> {
  readonly Secret: ReadonlyMap<string, string>;
}

/** Fields that only a look at other objects can find fault with. */
export type ComparedField = "metadata.name" | "spec.grantName" | "spec.grantUID" | "spec.bindingName";

/**
 * An object judged by itself. It can be kept for as long as its file stays the same: it holds on to
 * no parsed text, which is many times its size.
 */
export type AssessedObject<K extends ManifestKind = ManifestKind> = {
  readonly [P in K]: {
    readonly kind: P;
    readonly key: string;
    readonly file: string;
    readonly lines: Readonly<Record<ComparedField, number>>;
    /** Undefined when it is not fit to serve. */
    readonly value: ManifestValues[P] | undefined;
    readonly problems: readonly Problem[];
  };
}[K];

/** Judges one object by itself: its schema, its projection, and what `judge` says. */
export function assessObject(object: IdentifiedObject, options: AssessmentOptions): AssessedObject {
  return assessAs(object.kind, object, options);
}

function assessAs<K extends ManifestKind>(
  kind: K,
  object: IdentifiedObject,
  { schemas, judge }: AssessmentOptions,
): AssessedObject<K> {
  const misfits = schemaCheck(object, schemas);
  const { value, findings } =
    misfits.length === 0
      ? project<ManifestValues[K]>(values[kind], completed(object))
      : { value: undefined, findings: misfits };
  const all = value === undefined ? findings : [...creationFindings(object), ...judged(object, judge)];
  return {
    kind,
    key: object.key,
    file: object.file,
    lines: linesOf(object),
    value,
    problems: all.map(({ path, message }) => problemAt(object, path, message)),
  };
}

const values: { readonly [K in ManifestKind]: z.ZodType<ManifestValues[K]> } = {
  ...projections,
  Secret: secretProjection,
};

function project<T>(
  projection: z.ZodType<T>,
  raw: JsonObject,
): { readonly value: T | undefined; readonly findings: readonly Finding[] } {
  const projected = projection.safeParse(raw);
  return projected.success
    ? { value: projected.data, findings: [] }
    : { value: undefined, findings: projectionFindings(raw, projected.error.issues) };
}

function linesOf(object: IdentifiedObject): Readonly<Record<ComparedField, number>> {
  return {
    "metadata.name": object.lineOf(["metadata", "name"]),
    "spec.grantName": object.lineOf(["spec", "grantName"]),
    "spec.grantUID": object.lineOf(["spec", "grantUID"]),
    "spec.bindingName": object.lineOf(["spec", "bindingName"]),
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
function resourceIdCheck({ spec }: JsonObject): readonly Finding[] {
  const { type, resourceID } = isJsonObject(spec) ? spec : {};
  if ((type ?? 0) !== 0) return [];
  if (typeof resourceID === "string" && isUserAssignedIdentityId(resourceID)) return [];
  const what = resourceID == null || resourceID === "" ? "missing" : "malformed";
  return [{ path: ["spec", "resourceID"], message: `${what}: type 0 needs ${userAssignedIdentityForm}` }];
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
  const judgedKind = judgedKinds.find((one) => one === kind);
  if (judgedKind === undefined) return [];
  return judge(judgedKind, raw).map(({ field, message }) => ({ path: parsePath(field), message }));
}
