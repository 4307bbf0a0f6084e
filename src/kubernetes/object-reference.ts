import { kindPaths } from "./kind-paths.ts";
import type { ResourceKind } from "./resource-source.ts";

/** An object as an event names it. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: ResourceKind | "Lease";
  /** Absent for what belongs to no namespace. */
  readonly namespace?: string;
  readonly name: string;
  /** Absent when the object is not known (any more): events about it are still worth telling. */
  readonly uid?: string;
}

/** Names an object by kind and key, which is `namespace/name` or the name alone. */
export type ReferTo = (kind: ObjectReference["kind"], key: string) => ObjectReference;

/** A ResourceSource fits. */
interface Lookup {
  get(kind: ResourceKind, key: string): object | undefined;
}

/** Makes a ReferTo that takes uids from what `source` has in memory. */
export function createReferTo(source: Lookup): ReferTo {
  return (kind, key) => {
    const slash = key.indexOf("/");
    const object = kind === "Lease" ? {} : (source.get(kind, key) ?? {});
    return {
      apiVersion: kind === "Lease" ? "coordination.k8s.io/v1" : kindPaths[kind].apiVersion,
      kind,
      ...(slash === -1 ? {} : { namespace: key.slice(0, slash) }),
      name: key.slice(slash + 1),
      ...("uid" in object && typeof object.uid === "string" ? { uid: object.uid } : {}),
    };
  };
}
