import { delay, type Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import type { KubernetesApi } from "./api.ts";
import { type Collection, listPages } from "./list-pages.ts";
import { isSame, type ObjectVersion } from "./object-store.ts";
import type { ReflectedKind } from "./reflected-kind.ts";
import { isAtLeast } from "./resource-version.ts";

type Versions = ReadonlyMap<string, ObjectVersion>;

interface Audited {
  readonly api: Pick<KubernetesApi, "call">;
  readonly log: Log;
  readonly kind: ReflectedKind<unknown>;
}

const shortestMs = 10 * 60_000;
const longestMs = 60 * 60_000;
/** Until a bookmark has surely brought the store past the list. */
const catchUpMs = 150_000;

/**
 * Compares a store with the server, each 10 to 60 minutes until `signal` aborts: the net below all other
 * rules. What is found is counted, and mended by reading everything anew.
 */
export async function auditRegularly(
  options: Audited & { readonly clock: Clock; readonly random: () => number; readonly signal: AbortSignal },
): Promise<void> {
  const { clock, random, signal, log, kind } = options;
  while (!signal.aborted) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after another
      await delay(clock, shortestMs + random() * (longestMs - shortestMs), signal);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await auditOnce(options, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      log.warn({ path: kind.collection.path, err: toError(thrown) }, "a store could not be compared");
    }
  }
}

/**
 * Compares once. Answers the number of differences; null when the store did not come as far as the list.
 * @throws KubernetesError when the list fails.
 */
async function auditOnce({ api, log, kind }: Audited, signal: AbortSignal): Promise<number | null> {
  const { store, reflector, collection } = kind;
  if (!reflector.isSynced()) return null;
  const before: Versions = new Map(store.versions());
  const { listed, version } = await listVersions(api, collection, signal);
  // Events may be under way; only what stays different after them is.
  if (differences(before, listed, store.versions()).length > 0) {
    const hasPassed = (): boolean => isAtLeast(reflector.version() ?? "", version);
    if (!(await reflector.until(hasPassed, catchUpMs))) return null;
  }
  const found = differences(before, listed, store.versions());
  reflector.countAudit();
  if (found.length > 0) {
    const sample = found.slice(0, 5);
    log.error(
      { path: collection.path, differences: found.length, sample },
      "a store differs from the server",
    );
    reflector.repairDrift(found.length);
  }
  return found.length;
}

async function listVersions(
  api: Pick<KubernetesApi, "call">,
  collection: Collection,
  signal: AbortSignal,
): Promise<{ readonly listed: Versions; readonly version: string }> {
  const listed = new Map<string, ObjectVersion>();
  const version = await listPages(api, collection, "newest", {
    signal,
    onObject: ({ key, uid, resourceVersion }) => void listed.set(key, { uid, resourceVersion }),
  });
  return { listed, version };
}

/** The keys whose state in the list is neither the one before nor the one after, and that did not change between. */
function differences(before: Versions, listed: Versions, after: Versions): readonly string[] {
  const keys = new Set([...before.keys(), ...listed.keys(), ...after.keys()]);
  return [...keys].filter(
    (key) => isSame(before.get(key), after.get(key)) && !isSame(listed.get(key), after.get(key)),
  );
}
