import { z } from "zod";

import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import { type OldKind, withFieldCase } from "./field-case.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { collectionPath, objectPath } from "./kind-paths.ts";
import { listPages } from "./list-pages.ts";
import { type RawObject, readRawObject } from "./raw-object.ts";

type Api = Pick<KubernetesApi, "call">;

/** Where it is written down that the upgrade is done; the names are those of aad-pod-identity. */
export interface UpgradeTerms {
  readonly namespace: string;
  readonly configMap: string;
  readonly key: string;
  /** Written down under `key`. */
  readonly version: string;
}

export type UpgradeOutcome =
  /** Somebody did it before, and left this mark. */
  | { readonly kind: "doneBefore"; readonly mark: string }
  | {
      readonly kind: "done";
      /** Keys of the objects that were stored anew, by kind. */
      readonly rewritten: readonly string[];
      /**
       * Keys of objects without any field: were they stored before 1.6, then today's definitions hide what they hold,
       * and nothing is written down as done.
       */
      readonly empty: readonly string[];
    };

const kinds: readonly OldKind[] = ["AzureIdentity", "AzureIdentityBinding", "AzurePodIdentityException"];
const apiVersion = "aadpodidentity.k8s.io/v1";
const conflictTries = 5;

/**
 * Stores objects of before aad-pod-identity 1.6 anew, with the field names of today, once for a cluster
 * (reference/aad-pod-identity.md §1.5). Objects that are as today are not touched, and each PUT names the state it was
 * made from: so two that do this at once, or again after a crash, do no harm.
 * @throws KubernetesError when the API server does not answer or does not allow it.
 */
export async function upgradeFieldCase(
  api: Api,
  terms: UpgradeTerms,
  signal: AbortSignal,
): Promise<UpgradeOutcome> {
  const mark = await readMark(api, terms);
  if (mark !== undefined) return { kind: "doneBefore", mark };
  const rewritten: string[] = [];
  const empty: string[] = [];
  const live = new Map<string, JsonObject>();
  const upgrade = async (kind: OldKind, withRefs: (content: JsonObject) => JsonObject): Promise<void> => {
    for (const object of await listAll(api, kind, signal)) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other spares the server
      const stored = await rewrite(api, kind, object, withRefs);
      if (stored === null) continue;
      if (stored !== object) rewritten.push(`${kind} ${object.key}`);
      else if (isEmpty(object)) empty.push(`${kind} ${object.key}`);
      if (kind !== "AzureAssignedIdentity") live.set(`${kind} ${object.key}`, stored.content);
    }
  };
  // oxlint-disable-next-line no-await-in-loop -- snapshots in assigned identities are made from what is stored before
  for (const kind of kinds) await upgrade(kind, (content) => content);
  await upgrade("AzureAssignedIdentity", (content) => withLiveRefs(content, live));
  if (empty.length === 0) await writeMark(api, terms);
  return { kind: "done", rewritten, empty };
}

async function listAll(api: Api, kind: OldKind, signal: AbortSignal): Promise<readonly RawObject[]> {
  const objects: RawObject[] = [];
  const collection = { path: collectionPath(kind), selectors: {} };
  await listPages(api, collection, "newest", { signal, onObject: (object) => void objects.push(object) });
  return objects;
}

/** Stores one object anew if it is of before; answers what is stored then, or null when it has gone. */
async function rewrite(
  api: Api,
  kind: OldKind,
  object: RawObject,
  withRefs: (content: JsonObject) => JsonObject,
  tries = conflictTries,
): Promise<RawObject | null> {
  const path = objectPath(kind, object.key);
  const respelled = withFieldCase(kind, object.content);
  if (respelled === object.content) return object;
  try {
    const body = { ...withRefs(respelled), apiVersion, kind };
    return rawOf(await api.call({ method: "PUT", path, body }));
  } catch (thrown) {
    if (!(thrown instanceof KubernetesError)) throw thrown;
    if (thrown.code === "NotFound") return null;
    if (thrown.code !== "Conflict" || tries <= 1) throw thrown;
  }
  const now = await find(api, path);
  return now === null ? null : rewrite(api, kind, now, withRefs, tries - 1);
}

const refs = { azureIdentityRef: "AzureIdentity", azureBindingRef: "AzureIdentityBinding" } as const;
const named = z.object({ metadata: z.object({ namespace: z.string(), name: z.string() }) });

/** Snapshots become those of what is stored now, so that no MIC takes them for outdated. */
function withLiveRefs(content: JsonObject, live: ReadonlyMap<string, JsonObject>): JsonObject {
  const spec = fieldsOf(content["spec"]);
  const fresh = Object.entries(refs).flatMap(([field, kind]) => {
    const { data } = named.safeParse(spec[field]);
    const found = data && live.get(`${kind} ${data.metadata.namespace}/${data.metadata.name}`);
    if (found === undefined) return [];
    const { managedFields: _, ...metadata } = { managedFields: null, ...fieldsOf(found["metadata"]) };
    return [[field, { ...found, apiVersion, kind, metadata }] as const];
  });
  return { ...content, spec: { ...spec, ...Object.fromEntries(fresh) } };
}

/** Whether nothing stands in it but numbers, whose names are as they were. */
function isEmpty({ content }: RawObject): boolean {
  return Object.entries(fieldsOf(content["spec"])).every(
    ([field, value]) => field === "metadata" || value === null || typeof value === "number",
  );
}

const configMap = z.looseObject({ data: z.record(z.string(), z.string()).nullish() });

async function readMark(api: Api, terms: UpgradeTerms): Promise<string | undefined> {
  const found = await find(api, pathOf(terms));
  if (found !== null) return configMap.parse(found.content).data?.[terms.key];
  const path = `/api/v1/namespaces/${encodeURIComponent(terms.namespace)}/configmaps`;
  try {
    await api.call({ method: "POST", path, body: { metadata: { name: terms.configMap } } });
  } catch (thrown) {
    // Another controller starts at the same time.
    if (!(thrown instanceof KubernetesError) || thrown.code !== "AlreadyExists") throw thrown;
  }
  return undefined;
}

async function writeMark(api: Api, terms: UpgradeTerms, tries = conflictTries): Promise<void> {
  const { content } = rawOf(await api.call({ method: "GET", path: pathOf(terms) }));
  const data = configMap.parse(content).data ?? {};
  if (data[terms.key] !== undefined) return;
  const body = { ...content, data: { ...data, [terms.key]: terms.version } };
  try {
    await api.call({ method: "PUT", path: pathOf(terms), body });
  } catch (thrown) {
    if (!(thrown instanceof KubernetesError) || thrown.code !== "Conflict" || tries <= 1) throw thrown;
    await writeMark(api, terms, tries - 1);
  }
}

function pathOf({ namespace, configMap: name }: UpgradeTerms): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
}

/** The object at `path`; null when there is none. */
async function find(api: Api, path: string): Promise<RawObject | null> {
  try {
    return rawOf(await api.call({ method: "GET", path }));
  } catch (thrown) {
    if (thrown instanceof KubernetesError && thrown.code === "NotFound") return null;
    throw thrown;
  }
}

function rawOf(answer: JsonValue | undefined): RawObject {
  const raw = readRawObject(answer);
  if (raw === null) throw new KubernetesError("Unreachable", "the server answered no object");
  return raw;
}

function fieldsOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
