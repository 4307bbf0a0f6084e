import type { JsonObject, JsonValue } from "../engine/resources.ts";
import { isObject, objectsIn } from "./json-shape.ts";

/** Whether `shown` says already all that `wanted` says; others may have added fields and conditions of their own. */
export function isShown(wanted: JsonObject, shown: JsonObject | undefined): boolean {
  if (shown === undefined) return false;
  return Object.entries(wanted).every(([field, value]) =>
    field === "conditions" ? conditionsShown(value, shown[field]) : isEqual(value, shown[field]),
  );
}

function conditionsShown(wanted: JsonValue, shown: JsonValue | undefined): boolean {
  const byType = new Map(objectsIn(shown).map((condition) => [condition["type"], condition]));
  return objectsIn(wanted).every((condition) => isEqual(condition, byType.get(condition["type"])));
}

function isEqual(a: JsonValue, b: JsonValue | undefined): boolean {
  return b !== undefined && JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** The same text for the same value, in whatever order a server keeps fields. */
function sorted(value: JsonValue): JsonValue {
  if (!isObject(value)) return Array.isArray(value) ? value.map((item: JsonValue) => sorted(item)) : value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]) => [name, sorted(item)]));
}
