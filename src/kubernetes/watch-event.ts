import type { KubernetesError } from "./errors.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { parseJsonValue, type RawObject, readRawObject } from "./raw-object.ts";
import { errorOfStatus } from "./status-error.ts";

/** One line of a watch. */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: RawObject }
  /** `endsInitialEvents`: everything that was there when the watch began has been sent. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly endsInitialEvents: boolean }
  | { readonly type: "ERROR"; readonly error: KubernetesError }
  /** No event at all: a server that keeps to the protocol sends none. */
  | { readonly type: "CORRUPT"; readonly problem: string };

/** Understands a line. */
export function readWatchEvent(line: string): WatchEvent {
  const event = parseJsonValue(line);
  if (!isJsonObject(event)) return { type: "CORRUPT", problem: "a line is no JSON object" };
  const { type, object } = event;
  if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") {
    const raw = readRawObject(object);
    return raw === null ? { type: "CORRUPT", problem: `${type} without metadata` } : { type, object: raw };
  }
  if (type === "BOOKMARK") return readBookmark(isJsonObject(object) ? object["metadata"] : undefined);
  if (type === "ERROR") return { type, error: errorOfStatus("watch", { body: object }) };
  return { type: "CORRUPT", problem: "an event of unknown type" };
}

function readBookmark(metadata: JsonObject[string] | undefined): WatchEvent {
  const { resourceVersion, annotations } = isJsonObject(metadata) ? metadata : {};
  if (typeof resourceVersion !== "string" || resourceVersion === "") {
    return { type: "CORRUPT", problem: "BOOKMARK without resourceVersion" };
  }
  const endsInitialEvents = isJsonObject(annotations) && annotations["k8s.io/initial-events-end"] === "true";
  return { type: "BOOKMARK", resourceVersion, endsInitialEvents };
}
