import { bindingOf, grantOf, keyOf } from "../engine/cluster-document.ts";
import type { Key } from "../engine/resources.ts";
import type { AssignedCounts } from "./assigned-counts.ts";
import type { Cluster, StatusKind } from "./ports.ts";

/** An object whose status is kept; the text form is a key of a work queue. */
export interface StatusSubject {
  readonly kind: StatusKind;
  readonly key: Key;
}

export function subjectText({ kind, key }: StatusSubject): string {
  return `${kind} ${key}`;
}

export function parseSubject(text: string): StatusSubject {
  const space = text.indexOf(" ");
  const isGrant = text.startsWith("AzureIdentityAccessGrant ");
  return { kind: isGrant ? "AzureIdentityAccessGrant" : "AzureIdentityBinding", key: text.slice(space + 1) };
}

/** Everything that has a status. */
export function allSubjects(cluster: Pick<Cluster, "list" | "unbelieved">): readonly StatusSubject[] {
  const unbelieved = cluster.unbelieved?.list() ?? [];
  return [
    ...cluster.list("AzureIdentityBinding").map(ofBinding),
    ...grants(cluster, () => true),
    ...unbelieved.map((grant): StatusSubject => ({ kind: "AzureIdentityAccessGrant", key: keyOf(grant) })),
  ];
}

/** Whose status a change may change. `grantBindings` remembers which binding a grant was for that has gone. */
export function subjectsTouched(
  { kind, key }: { readonly kind: string; readonly key: Key },
  deps: {
    readonly cluster: Pick<Cluster, "get" | "list">;
    readonly counts: Pick<AssignedCounts, "noteChange">;
    readonly grantBindings: Map<Key, Key>;
  },
): readonly StatusSubject[] {
  const { cluster, counts, grantBindings } = deps;
  switch (kind) {
    case "AzureIdentityBinding":
      return [{ kind: "AzureIdentityBinding", key }, ...grants(cluster, (binding) => binding === key)];
    case "AzureIdentityAccessGrant":
      return ofGrant(cluster, grantBindings, key);
    case "AzureIdentityAccessApproval":
      return ofApproval(cluster, key);
    case "AzureIdentity":
      return cluster
        .list("AzureIdentityBinding")
        .filter(({ namespace, spec }) => `${namespace}/${spec.azureIdentity}` === key)
        .map(ofBinding);
    case "AzureAssignedIdentity":
      return counts.noteChange(key).map((binding) => ({ kind: "AzureIdentityBinding", key: binding }));
    default:
      return [];
  }
}

/** The bindings whose identity has this lower-cased resource id. */
export function bindingsOfResource(
  cluster: Pick<Cluster, "get" | "list">,
  resourceID: string,
): readonly StatusSubject[] {
  return cluster
    .list("AzureIdentityBinding")
    .filter(({ namespace, spec }) => {
      const identity = cluster.get("AzureIdentity", `${namespace}/${spec.azureIdentity}`);
      return identity?.spec.resourceID.toLowerCase() === resourceID;
    })
    .map(ofBinding);
}

function ofGrant(
  cluster: Pick<Cluster, "get">,
  grantBindings: Map<Key, Key>,
  key: Key,
): readonly StatusSubject[] {
  const grant = cluster.get("AzureIdentityAccessGrant", key);
  const binding = grant === undefined ? grantBindings.get(key) : bindingOf(grant);
  if (grant === undefined || binding === undefined) grantBindings.delete(key);
  else grantBindings.set(key, binding);
  const own: StatusSubject = { kind: "AzureIdentityAccessGrant", key };
  return binding === undefined ? [own] : [own, { kind: "AzureIdentityBinding", key: binding }];
}

/** An approval that has gone no longer says which grant it was for: then all are looked at. */
function ofApproval(cluster: Pick<Cluster, "list">, key: Key): readonly StatusSubject[] {
  const approval = cluster.list("AzureIdentityAccessApproval").find((one) => keyOf(one) === key);
  const subjects: StatusSubject[] = [];
  for (const grant of cluster.list("AzureIdentityAccessGrant")) {
    if (approval !== undefined && keyOf(grant) !== grantOf(approval)) continue;
    subjects.push({ kind: "AzureIdentityAccessGrant", key: keyOf(grant) });
    subjects.push({ kind: "AzureIdentityBinding", key: bindingOf(grant) });
  }
  return subjects;
}

function ofBinding(binding: { readonly namespace: string; readonly name: string }): StatusSubject {
  return { kind: "AzureIdentityBinding", key: keyOf(binding) };
}

function grants(cluster: Pick<Cluster, "list">, isFor: (binding: Key) => boolean): readonly StatusSubject[] {
  return cluster
    .list("AzureIdentityAccessGrant")
    .filter((grant) => isFor(bindingOf(grant)))
    .map((grant) => ({ kind: "AzureIdentityAccessGrant", key: keyOf(grant) }));
}
