import { z } from "zod";

import { jsonObject } from "./json.ts";

/**
 * The parts that projections share. Lenient where aad-pod-identity's CRDs are: null and absent are
 * the same, and become "", [], {} or null as the type says (reference/kubernetes.md §4).
 */

export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
export const integer = z
  .int()
  .nullish()
  .transform((value) => value ?? 0);
export const textMap = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
export const texts = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
export const json = jsonObject.nullish().transform((value) => value ?? null);

/** metav1.Time: RFC 3339 in whole seconds; null in objects that no server has seen. */
export const instant = z.iso
  .datetime({ offset: true, error: "must be an instant such as 2026-01-01T00:00:00Z" })
  .nullish()
  .transform((value) => value ?? null);

/** metav1.ObjectMeta, as far as podid reads it. */
export const metadata = z
  .object({
    name: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    labels: textMap,
    annotations: textMap,
    creationTimestamp: instant,
    deletionTimestamp: instant,
    generation: z.int().nullish(),
    finalizers: texts,
  })
  .nullish()
  .transform((value) => ({
    name: value?.name ?? "",
    namespace: value?.namespace ?? "",
    uid: value?.uid ?? "",
    resourceVersion: value?.resourceVersion ?? "",
    labels: value?.labels ?? {},
    annotations: value?.annotations ?? {},
    creationTimestamp: value?.creationTimestamp ?? null,
    deletionTimestamp: value?.deletionTimestamp ?? null,
    generation: value?.generation ?? null,
    finalizers: value?.finalizers ?? [],
  }));
type Metadata = z.output<typeof metadata>;

/** What stored objects have in common, out of their metadata. */
export function stored(
  meta: Metadata,
): Omit<Metadata, "labels" | "finalizers" | "generation" | "deletionTimestamp"> {
  const { namespace, name, uid, resourceVersion, annotations, creationTimestamp } = meta;
  return { namespace, name, uid, resourceVersion, annotations, creationTimestamp };
}

/** Which edit of its spec an object is at, for kinds whose status says which one it is about. */
export function counted({ generation }: Metadata): { readonly generation?: number } {
  return generation === null ? {} : { generation };
}
