import { isDeepStrictEqual } from "node:util";

import { isJsonObject, type JsonValue } from "./json.ts";

const longestValue = 60;

/** The first place in which `found` is not `wanted`, in words such as `spec.a is 2 instead of 1`; null when there is none. */
export function findDifference(
  wanted: JsonValue | undefined,
  found: JsonValue | undefined,
  path: string,
): string | null {
  if (isDeepStrictEqual(wanted, found)) return null;
  if (found === undefined) return `${path} is missing`;
  if (wanted === undefined) return `${path} is ${shown(found)} instead of absent`;
  const places = isList(wanted) && isList(found) ? entriesOf(wanted, found) : [];
  const fields = isJsonObject(wanted) && isJsonObject(found) ? fieldsOf(wanted, found) : [];
  for (const [step, a, b] of [...places, ...fields]) {
    const difference = findDifference(a, b, `${path}${step}`);
    if (difference !== null) return difference;
  }
  return `${path} is ${shown(found)} instead of ${shown(wanted)}`;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

type Place = readonly [step: string, wanted: JsonValue | undefined, found: JsonValue | undefined];

function entriesOf(wanted: readonly JsonValue[], found: readonly JsonValue[]): readonly Place[] {
  const longer = wanted.length > found.length ? wanted : found;
  return longer.map((_, index) => [`[${index}]`, wanted[index], found[index]]);
}

function fieldsOf(
  wanted: Readonly<Record<string, JsonValue>>,
  found: Readonly<Record<string, JsonValue>>,
): readonly Place[] {
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  return [...names].map((name) => [`.${name}`, wanted[name], found[name]]);
}

function shown(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}
