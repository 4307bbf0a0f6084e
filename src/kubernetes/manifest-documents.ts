import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document } from "yaml";

import { toError } from "../runtime/to-error.ts";
import { isJsonObject, jsonObject, type JsonObject, type JsonValue } from "./json.ts";
import type { FieldPath, Problem } from "./manifest-problem.ts";

/** A raw object, and where it stands. */
export interface LocatedObject {
  readonly raw: JsonObject;
  readonly file: string;
  /** The line of a field, from 1; of its nearest known ancestor when the field is not there. */
  lineOf(path: FieldPath): number;
}

export interface ReadDocuments {
  readonly objects: readonly LocatedObject[];
  readonly problems: readonly Problem[];
}

/**
 * Splits YAML or JSON text into objects: several documents, and the items of `List` kinds. What is
 * broken becomes a problem at its line and does not stop the rest. Messages quote no content, since
 * a broken file may hold a Secret.
 */
export function readDocuments(file: string, text: string): ReadDocuments {
  const parts = documentTexts(text).map(({ text: part, line }) => readPart(file, part, line));
  return {
    objects: parts.flatMap(({ objects }) => objects),
    problems: parts.flatMap(({ problems }) => problems),
  };
}

/**
 * Splits at `---` before parsing: that marker ends a document wherever it stands in YAML, while the
 * parser looks past it for the end of an open quote and would lose the documents behind.
 */
function documentTexts(text: string): readonly { readonly text: string; readonly line: number }[] {
  const parts: { lines: string[]; line: number }[] = [{ lines: [], line: 1 }];
  for (const [index, line] of text.split("\n").entries()) {
    if (/^---(\s|$)/.test(line)) parts.push({ lines: [], line: index + 1 });
    parts.at(-1)?.lines.push(line);
  }
  return parts
    .filter(({ lines }) => !lines.every((line) => /^\s*([#%].*)?$/.test(line)))
    .map(({ lines, line }) => ({ text: lines.join("\n"), line }));
}

function readPart(file: string, text: string, firstLine: number): ReadDocuments {
  const lineCounter = new LineCounter();
  const lineAt = (offset: number): number => firstLine - 1 + Math.max(1, lineCounter.linePos(offset).line);
  const problem = (line: number, message: string): Problem => ({
    severity: "problem",
    file,
    line,
    field: "",
    message,
  });
  const objects: LocatedObject[] = [];
  const problems: Problem[] = [];
  for (const document of parseAllDocuments(text, { lineCounter, prettyErrors: false, merge: true })) {
    const [error] = document.errors;
    const line = lineAt(document.contents?.range?.[0] ?? 0);
    if (error !== undefined) {
      problems.push(problem(lineAt(error.pos[0]), `broken YAML: ${withoutContent(error.message)}`));
      continue;
    }
    const content = plainContent(document);
    if (content === null) continue;
    if (typeof content === "string") problems.push(problem(line, content));
    else
      objects.push(...itemsOf({ raw: content, file, lineOf: (path) => lineOfPath(document, path, lineAt) }));
  }
  return { objects, problems };
}

/** The document as JSON; null when it is empty, a text that says what is wrong when it is no object. */
function plainContent(document: Document): JsonObject | string | null {
  try {
    const content: unknown = document.toJS();
    if (content === null || content === undefined) return null;
    const object = jsonObject.safeParse(content);
    return object.success ? object.data : "not a Kubernetes object: a document must be fields with values";
  } catch (error) {
    return `broken YAML: ${withoutContent(toError(error).message)}`;
  }
}

/** Some messages of the parser end in the text that it met. */
function withoutContent(message: string): string {
  return message.split(": ")[0] ?? "cannot be parsed";
}

/** `List` and `<Kind>List` hold objects under `items`; those of the latter may leave out their kind. */
function itemsOf(object: LocatedObject): readonly LocatedObject[] {
  const { kind, apiVersion, items } = object.raw;
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) return [object];
  const inherited =
    kind === "List" ? {} : { apiVersion: apiVersion ?? null, kind: kind.slice(0, -"List".length) };
  return items.map((item: JsonValue, index): LocatedObject => ({
    // An item that is no object is left without a kind, which is then reported at its line.
    raw: isJsonObject(item) ? { ...inherited, ...item } : {},
    file: object.file,
    lineOf: (path) => object.lineOf(["items", index, ...path]),
  }));
}

function lineOfPath(document: Document, path: FieldPath, lineAt: (offset: number) => number): number {
  let at: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const step of path) {
    if (isAlias(at)) at = at.resolve(document);
    if (isMap(at)) {
      const pair = at.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      at = pair.value;
    } else if (isSeq(at)) {
      const item: unknown = at.items[Number(step)];
      if (item === undefined) break;
      if (isScalar(item) || isMap(item) || isSeq(item) || isAlias(item)) offset = item.range?.[0] ?? offset;
      at = item;
    } else break;
  }
  return lineAt(offset);
}
