import { createHash } from "node:crypto";

import { placePods } from "./local-kubelet.ts";
import type { ManifestResourceKind, ManifestResources } from "./manifest-collector.ts";
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
  "Pod",
];

/**
 * Makes an empty cache. It adds what manifests leave out (see `placePods`) and a uid to objects
 * without one: the same after a restart, another one when an object was gone and came back.
 */
export function createManifestCache(): ManifestCache {
  let served: ManifestResources = {
    Namespace: new Map(),
    Node: new Map(),
    AzureIdentity: new Map(),
    AzureIdentityBinding: new Map(),
    AzurePodIdentityException: new Map(),
    Pod: new Map(),
  };
  const departures = new Map<string, number>();

  return {
    current: () => served,
    replace: (resources) => {
      const pods = withUids("Pod", resources.Pod, departures);
      const placed = placePods(pods, resources.Node, served.Pod);
      const next: ManifestResources = {
        Namespace: resources.Namespace,
        Node: placed.nodes,
        AzureIdentity: withUids("AzureIdentity", resources.AzureIdentity, departures),
        AzureIdentityBinding: withUids("AzureIdentityBinding", resources.AzureIdentityBinding, departures),
        AzurePodIdentityException: withUids(
          "AzurePodIdentityException",
          resources.AzurePodIdentityException,
          departures,
        ),
        Pod: placed.pods,
      };
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
  return new Map(
    [...objects].map(([key, object]) => {
      const id = `${kind} ${key}`;
      return [key, { ...object, uid: object.uid || uidOf(`${id} ${departures.get(id) ?? 0}`) }];
    }),
  );
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
  return [...keys]
    .filter((key) => JSON.stringify(before.get(key)) !== JSON.stringify(after.get(key)))
    .map((key) => ({ kind, key }));
}

/** In the form of a UUID, from a hash. */
function uidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}
