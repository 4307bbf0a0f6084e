import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import { collectionPath } from "./kind-paths.ts";
import type { Collection } from "./list-pages.ts";
import type { ResourceKind } from "./resource-source.ts";

/**
 * Which of `kinds` may not be read: the server's own words, a line each. Asked before the watches start, which
 * would otherwise try for ever and tell it a kind at a time.
 * @throws KubernetesError when the server does not answer, or not this question.
 */
export async function findMissingRights(
  api: Pick<KubernetesApi, "call">,
  kinds: readonly ResourceKind[],
  selectors: Readonly<Partial<Record<ResourceKind, Collection["selectors"]>>>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const collections = kinds.map((kind): Collection => ({
    path: collectionPath(kind),
    selectors: selectors[kind] ?? {},
  }));
  return findUnreadable(api, collections, signal);
}

/** As `findMissingRights`, of collections that are not podid's own. */
export async function findUnreadable(
  api: Pick<KubernetesApi, "call">,
  collections: readonly Collection[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const faults = await Promise.all(
    collections.map(async ({ path, selectors }) => {
      try {
        await api.call({ method: "GET", path, query: { ...selectors, limit: "1" }, signal });
        return [];
      } catch (thrown) {
        if (!(thrown instanceof KubernetesError) || thrown.code !== "Forbidden") throw thrown;
        return [thrown.message];
      }
    }),
  );
  return faults.flat();
}
