import { isDeepStrictEqual } from "node:util";

import { assessObject, type AssessedObject, type AssessmentOptions } from "./manifest-assessment.ts";
import { collectManifests, type CollectedManifests } from "./manifest-collector.ts";
import { readDocuments } from "./manifest-documents.ts";
import type { ManifestText } from "./manifest-files.ts";
import { identify } from "./manifest-identity.ts";
import type { Problem } from "./manifest-problem.ts";

/** Understands the manifests of one directory, again and again. */
export interface ManifestReader {
  /**
   * A bad file, document or object becomes a problem and is left out; the rest is served. Leaving it
   * out closes: what its older version allowed ends, and so do all grants when it may be an approval,
   * for a Deny may be lost. Two objects of the same kind, namespace and name
   * are both left out, neither is chosen. The answer is the last one itself while no file changes.
   */
  read(texts: readonly ManifestText[]): CollectedManifests;
}

interface ReadFile {
  readonly manifest: ManifestText;
  readonly objects: readonly AssessedObject[];
  readonly problems: readonly Problem[];
}

/**
 * Makes a reader. It remembers what it found in each file, so that a change costs the reading of the
 * changed files, and unchanged files give the very same objects again.
 */
export function createManifestReader(options: AssessmentOptions): ManifestReader {
  let known: ReadonlyMap<string, ReadFile> = new Map();
  let answer = collectManifests([], true);
  return {
    read: (texts) => {
      const files = texts.map((manifest) => {
        const before = known.get(manifest.file);
        return before !== undefined && isDeepStrictEqual(before.manifest, manifest)
          ? before
          : readFile(manifest, options);
      });
      if (files.length === known.size && files.every((file) => known.get(file.manifest.file) === file)) {
        return answer;
      }
      known = new Map(files.map((file) => [file.manifest.file, file]));
      const problems = files.flatMap((file) => file.problems);
      const allRead = problems.every(({ severity }) => severity === "notice");
      const collected = collectManifests(
        files.flatMap(({ objects }) => objects),
        allRead,
      );
      answer = { ...collected, problems: [...problems, ...collected.problems].toSorted(byPlace) };
      return answer;
    },
  };
}

function readFile(manifest: ManifestText, options: AssessmentOptions): ReadFile {
  const { file } = manifest;
  if ("fault" in manifest) {
    const problem = { severity: "problem", file, line: 1, field: "", message: manifest.fault } as const;
    return { manifest, objects: [], problems: [problem] };
  }
  const documents = readDocuments(file, manifest.text);
  const identified = documents.objects.map((object) => identify(object, options.schemas));
  return {
    manifest,
    objects: identified.filter((one) => "key" in one).map((object) => assessObject(object, options)),
    problems: [...documents.problems, ...identified.filter((one) => "severity" in one)],
  };
}

function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line;
}
