import { recordedTarget } from "../engine/assigned-objects.ts";
import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, Key, Pod } from "../engine/resources.ts";
import { podOf, resourceIdOf } from "./assigned-identity.ts";
import { parseComputeTarget, parseProviderID } from "./compute-target.ts";
import { createPlacedItems, type PlacedItems } from "./placed-items.ts";
import type { Cluster } from "./ports.ts";

/** Where pods run, as far as ARM is concerned. */
export type Place =
  /** `target`: ARM resource id of the VM or scale set. */
  | { readonly kind: "compute"; readonly target: string }
  /** The node's providerID names neither. */
  | { readonly kind: "noTarget"; readonly node: string }
  | { readonly kind: "nodeGone"; readonly node: string };

/** The unit of work: one place with all that wants something of it. */
export interface Unit {
  readonly key: string;
  readonly place: Place;
  readonly pods: readonly Pod[];
  readonly assigned: readonly AzureAssignedIdentity[];
}

/** All scheduled pods and all assigned identities, by place. */
export interface Snapshot {
  readonly units: ReadonlyMap<string, Unit>;
  readonly assigned: ReadonlyMap<Key, AzureAssignedIdentity>;
}

/** A snapshot that is kept up: a change costs the units that it concerns, not the cluster. */
export interface Places extends Snapshot {
  /** Reads the changed object anew; answers the keys of the units that it concerns now, or did before. */
  update(change: { readonly kind: string; readonly key: Key }): Iterable<string>;
}

interface Parts {
  readonly cluster: Cluster;
  readonly pods: PlacedItems<Pod>;
  readonly objects: PlacedItems<AzureAssignedIdentity>;
  readonly units: Map<string, Unit>;
  /** By node. */
  readonly places: Map<string, Place>;
}

/** Groups what `cluster` holds by place. */
export function observe(cluster: Cluster): Places {
  const parts: Parts = {
    cluster,
    pods: createPlacedItems((pod) => ({ key: keyOf(pod), pod: keyOf(pod), node: pod.node })),
    objects: createPlacedItems((object) => ({
      key: keyOf(object),
      pod: podOf(object),
      node: object.spec.nodename,
    })),
    units: new Map(),
    places: new Map(),
  };
  const { pods, objects, units } = parts;
  for (const pod of cluster.list("Pod")) putPod(parts, pod);
  for (const object of cluster.list("AzureAssignedIdentity")) putObject(parts, object);
  return {
    units,
    assigned: objects.all,
    update: ({ kind, key }) => {
      if (!placedKinds.has(kind)) return units.keys();
      // What a pod or a node has left must be cleared away, so the units before count too.
      const before = unitsOf(parts, kind, key);
      read(parts, kind, key);
      for (const unit of before) {
        if (pods.inUnit(unit).length + objects.inUnit(unit).length === 0) units.delete(unit);
      }
      return new Set([...before, ...unitsOf(parts, kind, key)]);
    },
  };
}

/**
 * The units with a pod that has no object. Pods that came while nobody led have waited long enough; most others want no
 * identity, which only the policy knows.
 */
export function keysOfWaiting({ units }: Snapshot): readonly string[] {
  return [...units.values()].filter(hasWaiting).map(({ key }) => key);
}

function hasWaiting({ pods, assigned }: Unit): boolean {
  const answered = new Set(assigned.map(podOf));
  return pods.some((pod) => !answered.has(keyOf(pod)));
}

function unitsOf({ pods, objects }: Parts, kind: string, key: Key): readonly string[] {
  if (kind === "Node") return [...pods.unitsOfNode(key), ...objects.unitsOfNode(key)];
  const object = objects.all.get(key);
  const pod = kind === "Pod" ? key : object === undefined ? "" : podOf(object);
  return [...pods.unitsOfPod(pod), ...objects.unitsOfPod(pod)];
}

function read(parts: Parts, kind: string, key: Key): void {
  const { cluster, pods, objects, places } = parts;
  if (kind === "Pod") {
    pods.remove(key);
    const pod = cluster.get("Pod", key);
    if (pod !== undefined) putPod(parts, pod);
  } else if (kind === "AzureAssignedIdentity") {
    objects.remove(key);
    const object = cluster.get("AzureAssignedIdentity", key);
    if (object !== undefined) putObject(parts, object);
  } else {
    places.delete(key);
    for (const pod of pods.onNode(key)) putPod(parts, pod);
    for (const object of objects.onNode(key)) putObject(parts, object);
  }
}

function putPod(parts: Parts, pod: Pod): void {
  if (pod.node !== "") parts.pods.put(pod, unitAt(parts, placeOf(parts, pod.node)));
}

function putObject(parts: Parts, object: AzureAssignedIdentity): void {
  parts.objects.put(object, unitAt(parts, placeOfObject(object, placeOf(parts, object.spec.nodename))));
}

function placeOf({ cluster, places }: Parts, node: string): Place {
  const place = places.get(node) ?? placeOfNode(cluster, node);
  places.set(node, place);
  return place;
}

/** The key of the unit at `place`, which is there then. */
function unitAt({ pods, objects, units }: Parts, place: Place): string {
  const key = keyOfPlace(place);
  if (!units.has(key)) {
    units.set(key, {
      key,
      place,
      get pods() {
        return pods.inUnit(key);
      },
      get assigned() {
        return objects.inUnit(key);
      },
    });
  }
  return key;
}

/** The kinds whose changes concern the units that hold them. Of others, only the policy knows whom they concern. */
export const placedKinds: ReadonlySet<string> = new Set(["Pod", "Node", "AzureAssignedIdentity"]);

/** Lower-cased, because ARM ids change their letter case between answers (reference/azure.md §4.1). */
function keyOfPlace(place: Place): string {
  return place.kind === "compute" ? place.target.toLowerCase() : `node:${place.node}`;
}

function placeOfNode(cluster: Cluster, nodeName: string): Place {
  const node = cluster.get("Node", nodeName);
  if (node === undefined) return { kind: "nodeGone", node: nodeName };
  const target = parseProviderID(node.providerID);
  if (target === null) return { kind: "noTarget", node: nodeName };
  return { kind: "compute", target: target.resourceId };
}

/**
 * A Node object tells nothing of the machine: a scale set outlives it, a VM may too and come back with it, and under its
 * name another VM may come. So an object whose node is gone, or is another VM now, stays with the machine that was written
 * down, until ARM says that it is gone or has taken the identity off: else nobody would know any more that it is ours.
 * aad-pod-identity wrote nothing down.
 */
function placeOfObject(object: AzureAssignedIdentity, ofNode: Place): Place {
  const written = recordedTarget(object);
  if (written === null) return ofNode;
  // A Node that has no providerID yet tells nothing, and who deletes an object must not wait for it.
  if (ofNode.kind === "noTarget" && object.isGoing !== true) return ofNode;
  if (ofNode.kind === "compute") {
    const isThere = written.toLowerCase() === ofNode.target.toLowerCase();
    if (isThere || resourceIdOf(object) === null) return ofNode;
  }
  const recorded = parseComputeTarget(written);
  return recorded === null ? ofNode : { kind: "compute", target: recorded.resourceId };
}
