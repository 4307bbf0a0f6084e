import { z } from "zod";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Takes objects of JSON values, to any depth; no NaN, no Infinity. */
export const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), z.json());

/** Whether a JSON value is an object, with fields. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
