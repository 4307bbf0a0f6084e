import type { ErrorObject } from "ajv";
import { z } from "zod";

import type { FieldPath, Finding } from "./manifest-problem.ts";
import { nearestName } from "./nearest-name.ts";

/** The part of a schema that messages speak about. */
const failedSchema = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
});
type FailedSchema = z.infer<typeof failedSchema>;

/**
 * Turns ajv's errors (option `verbose`) into findings that say the fix, at most one per field.
 * Values are quoted only where no secret can stand: in fields that podid added (they alone have
 * patterns and enums), and where a number or true/false has the wrong type.
 */
export function schemaFindings(object: unknown, errors: readonly ErrorObject[]): readonly Finding[] {
  const byPlace = new Map<string, Finding>();
  for (const error of errors) {
    const finding = findingOf(object, error);
    const place = JSON.stringify(finding.path);
    if (!byPlace.has(place)) byPlace.set(place, finding);
  }
  return [...byPlace.values()];
}

/** The same for what a projection of resources refuses; no value is quoted, it may be a Secret's. */
export function projectionFindings(object: unknown, issues: readonly z.core.$ZodIssue[]): readonly Finding[] {
  return issues.map((issue) => {
    const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
    const value = path.reduce<unknown>(valueAt, object);
    if (issue.code !== "invalid_type") return { path, message: issue.message };
    return { path, message: typeMessage(issue.expected === "record" ? "object" : issue.expected, value) };
  });
}

function findingOf(object: unknown, error: ErrorObject): Finding {
  const path = pointerPath(object, error.instancePath);
  const schema = failedSchema.safeParse(error.parentSchema).data ?? {};
  switch (error.keyword) {
    case "additionalProperties": {
      const name = String(error.params["additionalProperty"]);
      return { path: [...path, name], message: unknownField(name, Object.keys(schema.properties ?? {})) };
    }
    case "required":
      return {
        path: [...path, String(error.params["missingProperty"])],
        message: "missing: it is required here",
      };
    default:
      return { path, message: valueMessage(error, schema) };
  }
}

function unknownField(name: string, known: readonly string[]): string {
  const meant = nearestName(name, known);
  return meant === undefined
    ? `unknown field; known here: ${known.join(", ")}`
    : `unknown field: write ${meant}`;
}

function valueMessage({ keyword, params, data, message }: ErrorObject, schema: FailedSchema): string {
  switch (keyword) {
    case "type":
      return typeMessage(expectedType(schema), data);
    case "enum":
      return enumMessage(data, schema.enum ?? []);
    case "pattern":
    case "minLength":
    case "maxLength":
      return `${shortened(data)} does not fit: ${formOf(schema)}`;
    case "minItems":
      return "is an empty list: give at least one entry, or remove the field";
    case "maxItems":
      return `has too many entries: at most ${String(params["limit"])}`;
    case "minProperties":
      return `says nothing: give at least one of ${Object.keys(schema.properties ?? {}).join(", ")}`;
    case "format":
      return "is a number out of range";
    default:
      return message ?? `does not fit (${keyword})`;
  }
}

/** In quotes; a justification may have been meant to be short and be a page. */
function shortened(data: unknown): string {
  const long = typeof data === "string" && data.length > 64;
  return JSON.stringify(long ? `${data.slice(0, 64)}…` : data);
}

function expectedType({ type }: FailedSchema): string {
  return typeof type === "string" ? type : (type?.find((one) => one !== "null") ?? "value");
}

function enumMessage(data: unknown, allowed: readonly string[]): string {
  const meant = typeof data === "string" ? nearestName(data, allowed) : undefined;
  const fix = meant === undefined ? "" : `: write ${meant}`;
  return `must be one of ${allowed.join(", ")}, is ${JSON.stringify(data)}${fix}`;
}

/** The first sentence of a field's description says its form. */
function formOf({ description }: FailedSchema): string {
  const sentence = description?.split(/\.(?:\s|$)/)[0] ?? "see kubectl explain";
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

/**
 * "must be integer, is text "10": remove the quotes". `expected` is a JSON schema type.
 * Of text, only what reads as a number or a truth value is quoted.
 */
function typeMessage(expected: string, value: unknown): string {
  const name = expected === "string" ? "text" : expected;
  const is = `must be ${name}, is ${describeValue(value)}`;
  if (value === null) return `${is}: give it a value, or remove the line`;
  const fix = typeof value === "string" ? unquoted(expected, value) : undefined;
  if (fix !== undefined) return `${is} ${JSON.stringify(value)}: ${fix}`;
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean")) {
    return `${is}: put it in quotes`;
  }
  return is;
}

/** How to write what `value` says as a number or a truth value; undefined when it says neither. */
function unquoted(expected: string, value: string): string | undefined {
  if (expected === "boolean") {
    if (/^(true|yes|on)$/i.test(value)) return "write true";
    return /^(false|no|off)$/i.test(value) ? "write false" : undefined;
  }
  const isNumber = expected === "integer" ? /^-?\d{1,12}$/ : /^-?\d{1,12}(\.\d{1,6})?$/;
  return ["integer", "number"].includes(expected) && isNumber.test(value) ? "remove the quotes" : undefined;
}

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}

/** RFC 6901, with positions of lists as numbers. */
function pointerPath(object: unknown, pointer: string): FieldPath {
  let at = object;
  return pointer
    .split("/")
    .slice(1)
    .map((part) => {
      const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
      const step = Array.isArray(at) ? Number(name) : name;
      at = valueAt(at, step);
      return step;
    });
}

function valueAt(container: unknown, step: string | number): unknown {
  if (typeof container !== "object" || container === null) return undefined;
  return Reflect.get(container, step);
}
