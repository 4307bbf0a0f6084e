import { keyOf } from "../engine/cluster-document.ts";
import type { AzureAssignedIdentity, Key, Pod } from "../engine/resources.ts";
import { podOf, recordedTarget } from "./assigned-identity.ts";
import { parseComputeTarget, parseProviderID, type ComputeTarget } from "./compute-target.ts";
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

/** All scheduled pods and all assigned identities, as of one moment. */
export interface Snapshot {
  readonly units: ReadonlyMap<string, Unit>;
  readonly assigned: ReadonlyMap<Key, AzureAssignedIdentity>;
  /** Keys of the units that hold a pod or an object made for it. */
  readonly unitsOfPod: ReadonlyMap<Key, ReadonlySet<string>>;
  /** Key of the unit of each node that some pod or object names. */
  readonly unitOfNode: ReadonlyMap<string, string>;
}

type MutableUnit = Unit & { readonly pods: Pod[]; readonly assigned: AzureAssignedIdentity[] };

/** Groups what `cluster` holds by place. */
export function observe(cluster: Cluster): Snapshot {
  const units = new Map<string, MutableUnit>();
  const unitsOfPod = new Map<Key, Set<string>>();
  const unitOfNode = new Map<string, string>();
  const places = new Map<string, Place>();

  const placeOf = (node: string): Place => {
    const place = places.get(node) ?? placeOfNode(cluster, node);
    places.set(node, place);
    unitOfNode.set(node, keyOfPlace(place));
    return place;
  };
  const unitAt = (place: Place, pod: Key): MutableUnit => {
    const key = keyOfPlace(place);
    const unit = units.get(key) ?? { key, place, pods: [], assigned: [] };
    units.set(key, unit);
    unitsOfPod.set(pod, (unitsOfPod.get(pod) ?? new Set()).add(key));
    return unit;
  };

  for (const pod of cluster.list("Pod")) {
    if (pod.node !== "") unitAt(placeOf(pod.node), keyOf(pod)).pods.push(pod);
  }
  const assigned = cluster.list("AzureAssignedIdentity");
  for (const object of assigned) {
    unitAt(placeOfObject(object, placeOf), podOf(object)).assigned.push(object);
  }
  return {
    units,
    assigned: new Map(assigned.map((object) => [keyOf(object), object])),
    unitsOfPod,
    unitOfNode,
  };
}

/** Lower-cased, because ARM ids change their letter case between answers (reference/azure.md §4.1). */
function keyOfPlace(place: Place): string {
  return place.kind === "compute" ? place.target.toLowerCase() : `node:${place.node}`;
}

function placeOfNode(cluster: Cluster, nodeName: string): Place {
  const node = cluster.get("Node", nodeName);
  if (node === undefined) return { kind: "nodeGone", node: nodeName };
  const target = parseProviderID(node.providerID);
  return target === null ? { kind: "noTarget", node: nodeName } : placeOfTarget(target);
}

function placeOfTarget(target: ComputeTarget): Place {
  return { kind: "compute", target: target.resourceId };
}

/**
 * A VM goes with its node, a scale set does not: its other instances keep the identity until ARM
 * takes it off. So an object whose node is gone stays with the scale set that was written down.
 */
function placeOfObject(object: AzureAssignedIdentity, placeOf: (nodeName: string) => Place): Place {
  const place = placeOf(object.spec.nodename);
  if (place.kind !== "nodeGone") return place;
  const recorded = parseComputeTarget(recordedTarget(object) ?? "");
  return recorded?.kind === "scaleSet" ? placeOfTarget(recorded) : place;
}
