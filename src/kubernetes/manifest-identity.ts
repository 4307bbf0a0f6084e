import { isJsonObject, type JsonValue } from "./json.ts";
import type { LocatedObject } from "./manifest-documents.ts";
import { formatPath, type FieldPath, type Problem } from "./manifest-problem.ts";
import type { CrdSchemas } from "./manifest-schema.ts";
import { nearestName } from "./nearest-name.ts";

const podidKinds = [
  "AzureIdentity",
  "AzureIdentityBinding",
  "AzurePodIdentityException",
  "AzureIdentityAccessGrant",
  "AzureIdentityAccessApproval",
] as const;
const coreKinds = ["Pod", "Node", "Namespace", "Secret"] as const;
export type PodidKind = (typeof podidKinds)[number];
export type ManifestKind = PodidKind | (typeof coreKinds)[number];

/** An object of a kind that podid reads, and its key in the manner of `Change`. */
export interface IdentifiedObject extends LocatedObject {
  readonly kind: ManifestKind;
  readonly key: string;
  readonly namespace: string;
}

/** A problem at `path` of `object`. */
export function problemAt(
  object: LocatedObject,
  path: FieldPath,
  message: string,
  severity: Problem["severity"] = "problem",
): Problem {
  return { severity, file: object.file, line: object.lineOf(path), field: formatPath(path), message };
}

/** Whether podid defines `kind` by a CRD. */
export function isPodidKind(kind: ManifestKind): kind is PodidKind {
  return podidKinds.some((known) => known === kind);
}

/**
 * Says which object this is, or why that cannot be said. Kinds of others become a notice: a folder
 * may well hold the Deployment whose pods podid serves.
 */
export function identify(object: LocatedObject, schemas: CrdSchemas): IdentifiedObject | Problem {
  const { kind, apiVersion, metadata } = object.raw;
  if (typeof kind !== "string" || kind === "") {
    return problemAt(object, ["kind"], "missing: every object needs apiVersion, kind and metadata.name");
  }
  const known = [...podidKinds, ...coreKinds].find((one) => one === kind);
  if (known === undefined) return foreignKind(object, kind);
  const expected = isPodidKind(known) ? schemas[known].apiVersion : "v1";
  if (apiVersion !== expected) return problemAt(object, ["apiVersion"], `must be ${expected} for ${kind}`);
  const meta = isJsonObject(metadata) ? metadata : {};
  const { name, namespace } = meta;
  if (typeof name !== "string" || name === "") {
    const message = isNothing(name) ? "missing: give the object a name, as text" : notText(name);
    return problemAt(object, ["metadata", "name"], message);
  }
  if (name.length > 253 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)) {
    return problemAt(
      object,
      ["metadata", "name"],
      "must be lower-case letters, digits, '-' and '.', at most 253",
    );
  }
  if (known === "Node" || known === "Namespace") return { ...object, kind: known, key: name, namespace: "" };
  const home = namespace ?? "default";
  if (typeof home !== "string") return problemAt(object, ["metadata", "namespace"], notText(home));
  if (home.length > 63 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(home)) {
    return problemAt(
      object,
      ["metadata", "namespace"],
      "must be lower-case letters, digits and '-', at most 63",
    );
  }
  return { ...object, kind: known, key: `${home}/${name}`, namespace: home };
}

function isNothing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === "";
}

/** YAML reads an unquoted 123 as a number, and an unquoted true or no as neither text nor name. */
function notText(value: JsonValue | undefined): string {
  return typeof value === "object" ? "must be text" : `must be text, is a ${typeof value}: put it in quotes`;
}

function foreignKind(object: LocatedObject, kind: string): Problem {
  if (kind === "AzureAssignedIdentity") {
    return problemAt(object, ["kind"], `${kind} is passed over: podid writes these objects itself`, "notice");
  }
  const meant =
    nearestName(kind, podidKinds) ?? coreKinds.find((one) => one.toLowerCase() === kind.toLowerCase());
  if (meant !== undefined) return problemAt(object, ["kind"], `unknown kind ${kind}: write ${meant}`);
  const { apiVersion } = object.raw;
  if (typeof apiVersion !== "string") return problemAt(object, ["apiVersion"], "missing");
  return apiVersion.startsWith("aadpodidentity.k8s.io/")
    ? problemAt(object, ["kind"], `unknown kind ${kind}; known here: ${podidKinds.join(", ")}`)
    : problemAt(object, ["kind"], `${kind} is passed over: podid does not read this kind`, "notice");
}
