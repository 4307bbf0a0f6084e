import { approvalFault, withheldGrant } from "./manifest-access.ts";
import type {
  AssessedObject,
  ComparedField,
  ManifestResourceKind,
  ManifestValues,
} from "./manifest-assessment.ts";
import type { ManifestKind } from "./manifest-identity.ts";
import type { Problem } from "./manifest-problem.ts";
import type { ResourceKinds } from "./resource-source.ts";

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
 * Takes the objects that are fit to serve, and says what is wrong with them beside each other.
 * `allRead` is false when there was more than `objects`, but nobody knows what.
 */
export function collectManifests(objects: readonly AssessedObject[], allRead: boolean): CollectedManifests {
  const byId = Map.groupBy(objects, ({ kind, key }) => `${kind} ${key}`);
  const unique = objects.filter(({ kind, key }) => byId.get(`${kind} ${key}`)?.length === 1);
  const shelves: Shelves = {
    Pod: new Map(),
    Node: new Map(),
    Namespace: new Map(),
    Secret: new Map(),
    AzureIdentity: new Map(),
    AzureIdentityBinding: new Map(),
    AzurePodIdentityException: new Map(),
    AzureIdentityAccessGrant: new Map(),
    AzureIdentityAccessApproval: new Map(),
  };
  for (const object of unique) shelve(shelves, object);
  const approvals = objects.filter(({ kind }) => kind === "AzureIdentityAccessApproval");
  const votesKnown = allRead && approvals.length === shelves.AzureIdentityAccessApproval.size;
  const { Secret: secrets, ...fit } = shelves;
  const resources = votesKnown ? fit : { ...fit, AzureIdentityAccessGrant: new Map() };
  const problems = [
    ...byId
      .values()
      .flatMap((same) => (same.length === 1 ? [] : same.map((one) => duplicateProblem(one, same)))),
    ...unique.flatMap((object) => object.problems),
    ...unique.flatMap((object) => approvalProblems(object, fit)),
    ...(votesKnown ? [] : unique.flatMap(withheldProblems)),
  ];
  return { resources, secrets, problems };
}

type Shelves = { readonly [K in ManifestKind]: Map<string, ManifestValues[K]> };

function shelve<K extends ManifestKind>(shelves: Shelves, { kind, key, value }: AssessedObject<K>): void {
  if (value !== undefined) shelves[kind].set(key, value);
}

function duplicateProblem(object: AssessedObject, all: readonly AssessedObject[]): Problem {
  const field = "metadata.name";
  const others = all.filter((other) => other !== object).map(({ file, lines }) => `${file}:${lines[field]}`);
  const what = `${object.kind} ${object.key} is also in ${others.join(", ")}`;
  return comparedProblem(object, field, `${what}: keep one; until then none of them is served`);
}

function approvalProblems(object: AssessedObject, resources: ManifestResources): readonly Problem[] {
  if (object.kind !== "AzureIdentityAccessApproval" || object.value === undefined) return [];
  const { namespace, spec } = object.value;
  const grant = resources.AzureIdentityAccessGrant.get(`${namespace}/${spec.grantName}`);
  const fault = approvalFault(object.value, grant);
  return fault === undefined ? [] : [comparedProblem(object, fault.field, fault.message)];
}

function withheldProblems(object: AssessedObject): readonly Problem[] {
  const grant = object.kind === "AzureIdentityAccessGrant" && object.value !== undefined;
  return grant ? [comparedProblem(object, "metadata.name", withheldGrant)] : [];
}

function comparedProblem({ file, lines }: AssessedObject, field: ComparedField, message: string): Problem {
  return { severity: "problem", file, line: lines[field], field, message };
}
