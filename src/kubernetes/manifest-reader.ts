import { collectManifests, type CollectedManifests, type CollectorOptions } from "./manifest-collector.ts";
import { readDocuments } from "./manifest-documents.ts";
import type { ManifestText } from "./manifest-files.ts";
import { identify, problemAt, type IdentifiedObject } from "./manifest-identity.ts";
import type { Problem } from "./manifest-problem.ts";

/**
 * Understands the manifests of a directory. A bad file, document or object becomes a problem and is
 * left out; the rest is served. Leaving it out closes: what its older version allowed ends.
 * Two objects of the same kind, namespace and name are both left out, neither is chosen.
 */
export function readManifests(texts: readonly ManifestText[], options: CollectorOptions): CollectedManifests {
  const read = texts.map((text) => readObjects(text, options));
  const problems = read.flatMap((file) => file.problems);
  const byId = Map.groupBy(
    read.flatMap(({ objects }) => objects),
    ({ kind, key }) => `${kind} ${key}`,
  );
  const unique: IdentifiedObject[] = [];
  for (const objects of byId.values()) {
    if (objects.length === 1) unique.push(...objects);
    else problems.push(...objects.map((object) => duplicateProblem(object, objects)));
  }
  const collected = collectManifests(unique, options);
  return { ...collected, problems: [...problems, ...collected.problems].toSorted(byPlace) };
}

function readObjects(
  manifest: ManifestText,
  { schemas }: CollectorOptions,
): { readonly objects: readonly IdentifiedObject[]; readonly problems: readonly Problem[] } {
  const { file } = manifest;
  if ("fault" in manifest) {
    const problem = { severity: "problem", file, line: 1, field: "", message: manifest.fault } as const;
    return { objects: [], problems: [problem] };
  }
  const documents = readDocuments(file, manifest.text);
  const identified = documents.objects.map((object) => identify(object, schemas));
  return {
    objects: identified.filter((one) => "key" in one),
    problems: [...documents.problems, ...identified.filter((one) => "severity" in one)],
  };
}

function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line;
}

function duplicateProblem(object: IdentifiedObject, all: readonly IdentifiedObject[]): Problem {
  const path = ["metadata", "name"];
  const others = all
    .filter((other) => other !== object)
    .map((other) => `${other.file}:${other.lineOf(path)}`);
  const what = `${object.kind} ${object.key} is also in ${others.join(", ")}`;
  return problemAt(object, path, `${what}: keep one; until then none of them is served`);
}
