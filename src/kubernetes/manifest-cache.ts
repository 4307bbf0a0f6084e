import { createHash } from "node:crypto";

import { placePods } from "./local-kubelet.ts";
import type { ManifestResourceKind } from "./manifest-assessment.ts";
import type { ManifestResources } from "./manifest-collector.ts";
import type { Change } from "./resource-source.ts";

/** The objects of a manifests directory as they are served. */
export interface ManifestCache {
  /** A new object at each `replace`. */
  current(): ManifestResources;
  /** Serves `resources` from now on; answers what was added, modified and deleted. */
  replace(resources: ManifestResources): readonly Change[];
}

const kinds: readonly ManifestResourceKind[] = [
  "Namespace",
  "Node",
  "AzureIdentity",
  "AzureIdentityBinding",
  "AzurePodIdentityException",
  "AzureIdentityAccessGrant",
  "AzureIdentityAccessApproval",
  "Pod",
];

const nothing: ManifestResources = {
  Namespace: new Map(),
  Node: new Map(),
  AzureIdentity: new Map(),
  AzureIdentityBinding: new Map(),
  AzurePodIdentityException: new Map(),
  AzureIdentityAccessGrant: new Map(),
  AzureIdentityAccessApproval: new Map(),
  Pod: new Map(),
};

/**
 * Makes an empty cache. It adds what manifests leave out (see `placePods`) and a uid to objects
 * without one: the same after a restart, another one when an object was gone and came back. What did
 * not change stays the very same object, because readers remember by object what they found out.
 */
export function createManifestCache(): ManifestCache {
  let served = nothing;
  const departures = new Map<string, number>();
  const named = <T extends { readonly uid: string }>(
    kind: ManifestResourceKind,
    objects: ReadonlyMap<string, T>,
  ): ReadonlyMap<string, T> => withUids(kind, objects, departures);

  return {
    current: () => served,
    replace: (resources) => {
      const placed = placePods(named("Pod", resources.Pod), resources.Node, served.Pod);
      const next = settled(served, {
        Namespace: resources.Namespace,
        Node: placed.nodes,
        AzureIdentity: named("AzureIdentity", resources.AzureIdentity),
        AzureIdentityBinding: named("AzureIdentityBinding", resources.AzureIdentityBinding),
        AzurePodIdentityException: named("AzurePodIdentityException", resources.AzurePodIdentityException),
        AzureIdentityAccessGrant: named("AzureIdentityAccessGrant", resources.AzureIdentityAccessGrant),
        AzureIdentityAccessApproval: named(
          "AzureIdentityAccessApproval",
          resources.AzureIdentityAccessApproval,
        ),
        Pod: placed.pods,
      });
      const changes = kinds.flatMap((kind) => changesOf(kind, served[kind], next[kind]));
      for (const id of kinds.flatMap((kind) => departed(kind, served[kind], next[kind]))) {
        departures.set(id, (departures.get(id) ?? 0) + 1);
      }
      served = next;
      return changes;
    },
  };
}

function withUids<T extends { readonly uid: string }>(
  kind: ManifestResourceKind,
  objects: ReadonlyMap<string, T>,
  departures: ReadonlyMap<string, number>,
): ReadonlyMap<string, T> {
  const named = [...objects].map(([key, object]): [string, T] => {
    if (object.uid !== "") return [key, object];
    const id = `${kind} ${key}`;
    return [key, { ...object, uid: uidOf(`${id} ${departures.get(id) ?? 0}`) }];
  });
  return new Map(named);
}

function settled(before: ManifestResources, after: ManifestResources): ManifestResources {
  return {
    Namespace: unlessSame(before.Namespace, after.Namespace),
    Node: unlessSame(before.Node, after.Node),
    AzureIdentity: unlessSame(before.AzureIdentity, after.AzureIdentity),
    AzureIdentityBinding: unlessSame(before.AzureIdentityBinding, after.AzureIdentityBinding),
    AzurePodIdentityException: unlessSame(before.AzurePodIdentityException, after.AzurePodIdentityException),
    AzureIdentityAccessGrant: unlessSame(before.AzureIdentityAccessGrant, after.AzureIdentityAccessGrant),
    AzureIdentityAccessApproval: unlessSame(
      before.AzureIdentityAccessApproval,
      after.AzureIdentityAccessApproval,
    ),
    Pod: unlessSame(before.Pod, after.Pod),
  };
}

function unlessSame<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  const objects = [...after].map(([key, object]): [string, T] => {
    const old = before.get(key);
    const same = old !== undefined && (old === object || JSON.stringify(old) === JSON.stringify(object));
    return [key, same ? old : object];
  });
  return new Map(objects);
}

function departed(
  kind: ManifestResourceKind,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): readonly string[] {
  return [...before.keys()].filter((key) => !after.has(key)).map((key) => `${kind} ${key}`);
}

function changesOf(
  kind: ManifestResourceKind,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): readonly Change[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key)).map((key) => ({ kind, key }));
}

/** In the form of a UUID, from a hash. */
function uidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}
