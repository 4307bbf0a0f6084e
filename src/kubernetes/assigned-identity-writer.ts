import type { Log } from "../runtime/log.ts";
import type { ApiCall, KubernetesApi } from "./api.ts";
import { assignedIdentityBody, mergeAssignedIdentity, statusPatch } from "./assigned-identity-wire.ts";
import { KubernetesError } from "./errors.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { namespacePath, objectPath } from "./kind-paths.ts";
import { projections } from "./projections.ts";
import { type RawObject, readRawObject } from "./raw-object.ts";
import type { ReflectedKind } from "./reflected-kind.ts";
import type { ResourceSource } from "./resource-source.ts";
import { isAtLeast } from "./resource-version.ts";
import type { AzureAssignedIdentity } from "./resources.ts";

const kind = "AzureAssignedIdentity";
const finalizer = "azureassignedidentity.finalizers.aadpodidentity.k8s.io";
/** A write whose event has not come by then is believed; the watch is in trouble, and says so elsewhere. */
const holdMs = 10_000;
const conflictTries = 3;

export type AssignedIdentityWrites = Pick<
  ResourceSource,
  | "createAssignedIdentity"
  | "replaceAssignedIdentity"
  | "patchAssignedIdentityStatus"
  | "deleteAssignedIdentity"
>;

interface Parts {
  readonly api: Pick<KubernetesApi, "call">;
  readonly log: Log;
  /** Where the written objects come back. */
  readonly cached: ReflectedKind<AzureAssignedIdentity>;
}

/**
 * Writes AzureAssignedIdentities. Each promise settles when reads from the cache show what was written,
 * so that whoever wrote never decides on what was before.
 */
export function createAssignedIdentityWriter(parts: Parts): AssignedIdentityWrites {
  return {
    createAssignedIdentity: async (object) => {
      const path = namespacePath(kind, object.namespace);
      const raw = await write(parts, { method: "POST", path, body: assignedIdentityBody(object) });
      // The watch has brought it, mostly: reading it again would cost as much.
      const cached =
        parts.cached.store.versions().get(raw.key)?.uid === raw.uid
          ? parts.cached.store.get(raw.key)
          : undefined;
      return cached ?? projections.AzureAssignedIdentity.parse(raw.content);
    },
    replaceAssignedIdentity: async (object) => {
      const key = `${object.namespace}/${object.name}`;
      const path = objectPath(kind, key);
      const stored = await get(parts, key);
      // The caller decided on what the cache shows; somebody else's change must not be undone unseen.
      if (stored.resourceVersion !== parts.cached.store.versions().get(key)?.resourceVersion) {
        throw new KubernetesError("Conflict", `${kind} ${key} changed since it was read`);
      }
      await write(parts, { method: "PUT", path, body: mergeAssignedIdentity(stored.content, object) });
    },
    patchAssignedIdentityStatus: async (key, patch) => {
      // No status subresource: the status is a field like others (reference/kubernetes.md §4).
      await mergePatch(parts, key, statusPatch(patch));
    },
    deleteAssignedIdentity: (key) => remove(parts, key),
  };
}

/** A DELETE only marks an object that has finalizers; it goes when ours was the last to be taken off. */
async function remove(parts: Parts, key: string): Promise<void> {
  const uid = parts.cached.store.versions().get(key)?.uid;
  // Never another object that has taken the name meanwhile.
  const body = uid === undefined ? {} : { body: { preconditions: { uid } } };
  try {
    const answer = await parts.api.call({ method: "DELETE", path: objectPath(kind, key), ...body });
    const marked = readRawObject(answer);
    if (marked?.key === key) await removeFinalizer(parts, marked);
    if (marked !== null && hasOtherFinalizers(marked)) return; // others still have to do something
  } catch (thrown) {
    if (!(thrown instanceof KubernetesError) || thrown.code !== "NotFound") throw thrown;
  }
  await hold(parts, key, () => {
    const held = parts.cached.store.versions().get(key);
    return held === undefined || held.uid !== (uid ?? held.uid);
  });
}

function hasOtherFinalizers({ content }: RawObject): boolean {
  return projections.AzureAssignedIdentity.parse(content).finalizers.some((one) => one !== finalizer);
}

async function removeFinalizer(parts: Parts, marked: RawObject, tries = conflictTries): Promise<void> {
  const { finalizers, uid } = projections.AzureAssignedIdentity.parse(marked.content);
  if (!finalizers.includes(finalizer) || uid !== marked.uid) return;
  const metadata = {
    resourceVersion: marked.resourceVersion,
    finalizers: finalizers.filter((one) => one !== finalizer),
  };
  const path = objectPath(kind, marked.key);
  try {
    await parts.api.call({ ...mergePatchCall(path), body: { metadata } });
  } catch (thrown) {
    if (!(thrown instanceof KubernetesError) || thrown.code !== "Conflict" || tries <= 1) throw thrown;
    const now = await get(parts, marked.key);
    if (now.uid === marked.uid) await removeFinalizer(parts, now, tries - 1);
  }
}

async function get({ api }: Parts, key: string): Promise<RawObject> {
  return rawOf(await api.call({ method: "GET", path: objectPath(kind, key) }));
}

async function mergePatch(parts: Parts, key: string, body: JsonObject): Promise<void> {
  await write(parts, { ...mergePatchCall(objectPath(kind, key)), body });
}

function mergePatchCall(path: string): Pick<ApiCall, "method" | "path" | "bodyType"> {
  return { method: "PATCH", path, bodyType: "application/merge-patch+json" };
}

/** Writes, and waits for the written state, or a later one, to come back. */
async function write(parts: Parts, call: ApiCall): Promise<RawObject> {
  const written = rawOf(await parts.api.call(call));
  const { store, reflector } = parts.cached;
  await hold(parts, written.key, () => {
    const cached = store.versions().get(written.key);
    const isThere = cached?.uid === written.uid && isAtLeast(cached.resourceVersion, written.resourceVersion);
    return isThere || isAtLeast(reflector.version() ?? "", written.resourceVersion);
  });
  return written;
}

async function hold({ cached, log }: Parts, key: string, isSeen: () => boolean): Promise<void> {
  if (await cached.reflector.until(isSeen, holdMs)) return;
  log.warn({ kind, key }, "a written object has not come back by the watch");
}

function rawOf(answer: JsonValue | undefined): RawObject {
  const raw = readRawObject(answer);
  if (raw === null) throw new KubernetesError("Unreachable", `the server answered no ${kind}`);
  return raw;
}
