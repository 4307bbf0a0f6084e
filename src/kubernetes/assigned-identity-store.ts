import { randomUUID } from "node:crypto";

import type { Clock } from "../runtime/clock.ts";
import { KubernetesError } from "./errors.ts";
import type { AssignedIdentityStatusPatch, NewAssignedIdentity } from "./resource-source.ts";
import type { AzureAssignedIdentity } from "./resources.ts";

/** AzureAssignedIdentity objects in memory, with the manners of an API server. */
export interface AssignedIdentityStore {
  readonly objects: ReadonlyMap<string, AzureAssignedIdentity>;
  /** @throws KubernetesError `AlreadyExists` */
  create(object: NewAssignedIdentity): AzureAssignedIdentity;
  /** Keeps uid and creationTimestamp. @throws KubernetesError `NotFound` */
  replace(object: NewAssignedIdentity): void;
  /** @throws KubernetesError `NotFound` */
  patchStatus(key: string, patch: AssignedIdentityStatusPatch): void;
  /** Absent already is success. */
  remove(key: string): void;
}

/** Makes an empty store. `changed` is called with the key after each real change; a patch that changes nothing is none. */
export function createAssignedIdentityStore(
  clock: Clock,
  changed: (key: string) => void,
): AssignedIdentityStore {
  const objects = new Map<string, AzureAssignedIdentity>();
  let version = 0;
  const put = (object: Omit<AzureAssignedIdentity, "resourceVersion">): AzureAssignedIdentity => {
    const key = keyOf(object);
    version += 1;
    const stored = { ...object, resourceVersion: String(version) };
    objects.set(key, stored);
    changed(key);
    return stored;
  };

  return {
    objects,
    create: (object) => {
      const key = keyOf(object);
      if (objects.has(key)) {
        throw new KubernetesError("AlreadyExists", `AzureAssignedIdentity ${key} is there already`);
      }
      const now = Temporal.Instant.fromEpochMilliseconds(clock.nowMs());
      const creationTimestamp = now.toString({ smallestUnit: "second" });
      return put({ ...object, uid: randomUUID(), creationTimestamp });
    },
    replace: (object) => {
      const { uid, creationTimestamp } = find(objects, keyOf(object));
      put({ ...object, uid, creationTimestamp });
    },
    patchStatus: (key, { annotations: added, ...patch }) => {
      const object = find(objects, key);
      const status = { ...object.status, ...patch };
      const patched = { ...object, annotations: { ...object.annotations, ...added }, status };
      if (JSON.stringify(patched) !== JSON.stringify(object)) put(patched);
    },
    remove: (key) => {
      if (objects.delete(key)) changed(key);
    },
  };
}

function keyOf({ namespace, name }: NewAssignedIdentity): string {
  return `${namespace}/${name}`;
}

function find(objects: AssignedIdentityStore["objects"], key: string): AzureAssignedIdentity {
  const object = objects.get(key);
  if (object === undefined) throw new KubernetesError("NotFound", `there is no AzureAssignedIdentity ${key}`);
  return object;
}
