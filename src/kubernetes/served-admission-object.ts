import { promises as fs } from "node:fs";

import { z } from "zod";

import { toError } from "../runtime/to-error.ts";
import { KubernetesError } from "./errors.ts";
import { findDifference } from "./json-difference.ts";
import { isJsonObject, jsonObject, type JsonObject } from "./json.ts";

/** What makes `requester`, `approver` and `revokedBy` more than text that anybody may type. */
export type AdmissionKind = "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding";

/** A policy or binding of deploy/admission. */
export interface ShippedAdmission {
  readonly kind: AdmissionKind;
  readonly name: string;
  /** As an API server would complete it. */
  readonly spec: JsonObject;
}

/** The same on a server. */
export interface ServedAdmission {
  readonly uid: string;
  readonly generation: number;
  readonly spec: JsonObject;
  /** When it was created or last changed by what the server wrote down, unix milliseconds; null when that says nothing. */
  readonly changedAtMs: number | null;
}

const kinds = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"] as const;
const shippedFile = z.array(
  z.object({ kind: z.enum(kinds), metadata: z.object({ name: z.string() }), spec: jsonObject }),
);

/**
 * The policies that guard grants and approvals, with their bindings, out of the file that `make build` wrote.
 * @throws KubernetesError `InvalidCrd` when it cannot be read.
 */
export async function readShippedAdmission(path: string): Promise<readonly ShippedAdmission[]> {
  try {
    const objects = shippedFile.parse(JSON.parse(await fs.readFile(path, "utf8")));
    const guards = new Set(
      objects
        .filter(({ spec }) => JSON.stringify(spec["matchConstraints"] ?? "").includes('"azureidentityaccess'))
        .map(({ metadata }) => metadata.name),
    );
    return objects
      .filter(({ metadata, spec: { policyName } }) =>
        guards.has(typeof policyName === "string" ? policyName : metadata.name),
      )
      .map(({ kind, metadata, spec }) => ({ kind, name: metadata.name, spec: completed(kind, spec) }));
  } catch (cause) {
    throw new KubernetesError("InvalidCrd", `${path}: ${toError(cause).message}`, { cause });
  }
}

const instantMs = z.iso
  .datetime({ offset: true })
  .transform((text) => Temporal.Instant.from(text).epochMilliseconds);
const servedObject = z.object({
  metadata: z.object({
    uid: z.string(),
    generation: z.int(),
    creationTimestamp: instantMs,
    managedFields: z
      .array(
        z.object({
          subresource: z.string().nullish(),
          time: instantMs.nullish(),
          fieldsV1: jsonObject.nullish(),
        }),
      )
      .nullish(),
  }),
  spec: jsonObject,
});

/** From a raw policy or binding; null when it is none that can be understood. */
export function parseServedAdmission(raw: unknown): ServedAdmission | null {
  const parsed = servedObject.safeParse(raw);
  if (!parsed.success) return null;
  const { metadata, spec } = parsed.data;
  const { uid, generation, creationTimestamp } = metadata;
  const edits = (metadata.managedFields ?? []).flatMap(({ subresource, time, fieldsV1 }) =>
    subresource || time == null || fieldsV1?.["f:spec"] === undefined ? [] : [time],
  );
  return { uid, generation, spec, changedAtMs: lastChange(generation, creationTimestamp, edits) };
}

/**
 * The server counts changes of the spec in `generation`, and each that sets something leaves its time in managedFields.
 * Applying the same again leaves both alone; becoming a field's manager leaves a time and no count (measured on 1.37.2).
 */
function lastChange(generation: number, createdMs: number, editsMs: readonly number[]): number | null {
  if (generation === 1) return createdMs;
  return editsMs.length === 0 ? null : Math.max(createdMs, ...editsMs);
}

/** How `served` differs from what ships; null when it does not, by as much as a default. */
export function differenceFrom(shipped: ShippedAdmission, served: ServedAdmission): string | null {
  return findDifference(shipped.spec, completed(shipped.kind, served.spec), "spec");
}

/** With the values that API servers fill in (measured on 1.37.2). */
function completed(kind: AdmissionKind, spec: JsonObject): JsonObject {
  if (kind === "ValidatingAdmissionPolicyBinding") return spec;
  const constraints = spec["matchConstraints"];
  return {
    failurePolicy: "Fail",
    ...spec,
    ...(isJsonObject(constraints) && {
      matchConstraints: {
        matchPolicy: "Equivalent",
        namespaceSelector: {},
        objectSelector: {},
        ...constraints,
      },
    }),
  };
}
