import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import { isJsonObject, type JsonValue } from "./json.ts";
import { type RawObject, readRawObject } from "./raw-object.ts";

/** Small enough that parsing one page does not stop everything else for long (reliability.md N11). */
const pageSize = 500;
/** reliability.md K2. */
const deadlineMs = 30_000;

/** A collection on the server: all objects of a kind, or those that the selectors pick. */
export interface Collection {
  /** Such as `/api/v1/pods`. */
  readonly path: string;
  readonly selectors: Readonly<Partial<Record<"fieldSelector" | "labelSelector", string>>>;
}

/** From which state a list is to be: the newest, read through to etcd, or any that is not older than this. */
export type ListVersion = "newest" | { readonly notOlderThan: string };

/**
 * Lists in pages, hands every object to `onObject`, and answers the resourceVersion of the whole.
 * Servers answer a list that need not be the newest from their cache, in one page.
 * @throws KubernetesError: `Expired` when the list has to be begun again; `Unreachable` for nonsense.
 */
export async function listPages(
  api: Pick<KubernetesApi, "call">,
  { path, selectors }: Collection,
  from: ListVersion,
  options: { readonly signal: AbortSignal; readonly onObject: (object: RawObject) => void },
): Promise<string> {
  const version =
    from === "newest" ? {} : { resourceVersion: from.notOlderThan, resourceVersionMatch: "NotOlderThan" };
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  const get = async (more: Readonly<Record<string, string>>): Promise<Page> => {
    const query = { ...selectors, limit: String(pageSize), ...more };
    return readPage(path, await api.call({ method: "GET", path, query, deadlineMs, signal }));
  };
  try {
    let page = await get(version);
    for (;;) {
      const { objects, resourceVersion, next } = page;
      const following = next === "" ? null : get({ continue: next });
      following?.catch(() => undefined); // heard below
      // Lets that request leave: the server works on it while these objects are read.
      // oxlint-disable-next-line no-await-in-loop -- each page names the next
      if (following !== null) await new Promise<void>((resolve) => void setImmediate(resolve));
      for (const object of objects) options.onObject(object);
      if (following === null) return resourceVersion;
      // oxlint-disable-next-line no-await-in-loop -- see above
      page = await following;
    }
  } finally {
    left.abort(new KubernetesError("Unreachable", "the list is not read on"));
  }
}

interface Page {
  readonly objects: readonly RawObject[];
  readonly resourceVersion: string;
  readonly next: string;
}

function readPage(path: string, answer: unknown): Page {
  const refuse = (): never => {
    throw new KubernetesError("Unreachable", `GET ${path}: the answer is no list of objects`);
  };
  if (!isJson(answer) || !isJsonObject(answer) || !isJsonObject(answer["metadata"])) return refuse();
  const { resourceVersion, continue: next = "" } = answer["metadata"];
  const items: JsonValue = answer["items"] ?? [];
  if (typeof resourceVersion !== "string" || typeof next !== "string" || !isList(items)) return refuse();
  const objects = items.map((item) => readRawObject(item) ?? refuse());
  return { objects, resourceVersion, next };
}

/** `call` answers what JSON.parse made. */
function isJson(answer: unknown): answer is JsonValue {
  return answer !== undefined;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
