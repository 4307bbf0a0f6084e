import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** An object as the server sent it, and what every object has. */
export interface RawObject {
  /** `namespace/name`, or the name alone for kinds outside namespaces. */
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly content: JsonObject;
}

/** Reads the metadata that no object of a server lacks; null when one does. */
export function readRawObject(value: JsonValue | undefined): RawObject | null {
  if (!isJsonObject(value) || !isJsonObject(value["metadata"])) return null;
  const { namespace = "", name, uid, resourceVersion } = value["metadata"];
  if (typeof namespace !== "string" || typeof name !== "string" || name === "") return null;
  if (typeof uid !== "string" || typeof resourceVersion !== "string") return null;
  return { key: namespace === "" ? name : `${namespace}/${name}`, uid, resourceVersion, content: value };
}

/** JSON text as JSON; undefined when it is none. */
export function parseJsonValue(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
