import { z } from "zod";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * How deep objects and lists may lie in each other. Kubernetes' own objects have a third of it; one that somebody
 * nests until the stack is full would else look like a fault of reading, which is tried again for ever.
 */
const mostLevels = 100;

/**
 * Takes objects of JSON values, at most 100 levels deep; no NaN, no Infinity. By a function of our own, since `z.json()` asks a
 * union of all types about each value, which was most of what reading a cluster cost.
 */
export const jsonObject: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => isPlainObject(value) && isJsonValue(value, mostLevels),
  { error: `must be an object of JSON values, at most ${mostLevels} levels deep` },
);

/** Whether a JSON value is an object, with fields. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Whether two JSON values, or objects that are made of such, say the same, in whatever order their fields stand.
 * What lies deeper than 100 levels is never the same.
 */
export function isSameJson(a: unknown, b: unknown): boolean {
  return isSame(a, b, mostLevels);
}

function isSame(a: unknown, b: unknown, levels: number): boolean {
  if (a === b) return true;
  if (levels === 0) return false;
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => isSame(item, b[index], levels - 1))
    );
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame(a[name], b[name], levels - 1))
  );
}

function isJsonValue(value: unknown, levels: number): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (levels === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isJsonValue(item, levels - 1));
  return isPlainObject(value) && Object.values(value).every((item) => isJsonValue(item, levels - 1));
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
