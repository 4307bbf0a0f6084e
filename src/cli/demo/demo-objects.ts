import { z } from "zod";

import type { JsonObject } from "../../kubernetes/json.ts";
import { collectionPath, kindPaths, resourceKinds } from "../../kubernetes/kind-paths.ts";
import type { LocatedObject } from "../../kubernetes/manifest-documents.ts";

/** One object of the demo's folder, as a server takes it. */
export interface DemoObject {
  readonly path: string;
  readonly body: JsonObject;
  /** What a kubelet would write; null for all but pods. */
  readonly status: JsonObject | null;
  /** Stays when the demo ends: a namespace needs a controller to go. */
  readonly isKept: boolean;
}

/** Marks the nodes that the demo plays. */
const demoLabel = { "podid.dev/demo": "true" };

/** The lists that answer once podid's definitions are served. */
export const servedPaths: readonly string[] = resourceKinds
  .filter((kind) => kind.startsWith("Azure"))
  .map(collectionPath);

const named = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
});
const podStatus = z.looseObject({ podIP: z.string().optional() });
const nodes = z.object({ items: z.array(z.looseObject({ metadata: named.shape.metadata })) });

/** Where a CustomResourceDefinition is applied. */
export function definitionPath(definition: unknown): string {
  const { metadata } = named.parse(definition);
  return `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${metadata.name}`;
}

/** The names in a NodeList that the demo did not make. */
export function foreignNodes(list: unknown): readonly string[] {
  return nodes
    .parse(list)
    .items.filter(({ metadata }) => metadata.labels?.["podid.dev/demo"] !== "true")
    .map(({ metadata }) => metadata.name);
}

/** All objects of the folder in the order in which a server takes them, the namespaces that they are in first. */
export function demoObjects(located: readonly LocatedObject[]): readonly DemoObject[] {
  const objects = located.map(({ raw }) => demoObject(raw));
  const known = new Set(objects.map(({ path }) => path));
  const namespaces = new Set(located.flatMap(({ raw }) => named.parse(raw).metadata.namespace ?? []));
  const made = ["default", ...namespaces].map((name) =>
    demoObject({ apiVersion: "v1", kind: "Namespace", metadata: { name } }),
  );
  return [...made.filter(({ path }) => !known.has(path)), ...objects].toSorted(
    (a, b) => Number(b.isKept) - Number(a.isKept),
  );
}

function demoObject(raw: JsonObject): DemoObject {
  const { kind, metadata } = named.parse(raw);
  const { status, ...body } = raw;
  return {
    path: pathOf(kind, metadata.namespace, metadata.name),
    body: kind === "Node" ? { ...body, metadata: { ...metadataOf(raw), labels: demoLabel } } : body,
    status: kind === "Pod" ? kubeletStatus(status) : null,
    isKept: kind === "Namespace",
  };
}

function metadataOf(raw: JsonObject): JsonObject {
  const { metadata } = z.object({ metadata: z.record(z.string(), z.json()) }).parse(raw);
  return metadata;
}

/** A server derives podIPs from podIP only where both agree. */
function kubeletStatus(status: unknown): JsonObject {
  const { podIP, ...rest } = podStatus.parse(status ?? {});
  const given = z.record(z.string(), z.json()).parse(rest);
  return podIP === undefined ? given : { ...given, podIP, podIPs: [{ ip: podIP }] };
}

function pathOf(kind: string, namespace: string | undefined, name: string): string {
  const place = namespace === undefined ? "" : `/namespaces/${namespace}`;
  if (kind === "Secret") return `/api/v1${place}/secrets/${name}`;
  const known = Object.entries(kindPaths).find(([candidate]) => candidate === kind)?.[1];
  if (known === undefined) throw new Error(`the demo cannot put a ${kind} into a cluster`);
  return `${known.root}${place}/${known.plural}/${name}`;
}
