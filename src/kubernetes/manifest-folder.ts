import type { Log } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { createManifestCache } from "./manifest-cache.ts";
import { unvouchedNames } from "./manifest-access.ts";
import type { AssessmentOptions } from "./manifest-assessment.ts";
import { collectManifests, type CollectedManifests } from "./manifest-collector.ts";
import { readManifestTexts } from "./manifest-files.ts";
import { renderProblem, type Problem } from "./manifest-problem.ts";
import { createManifestReader } from "./manifest-reader.ts";
import type { Change } from "./resource-source.ts";

/** The manifests of a directory as they were read last. */
export interface ManifestFolder {
  current(): CollectedManifests;
  /** Why the last read failed as a whole; then `current` is empty but for a problem that says so. */
  fault(): Error | undefined;
  /** Reads again, serves the result and tells of the differences; never rejects. */
  reread(): Promise<void>;
}

/** Makes a folder that is empty until its first `reread`. New problems go to `log`, once each. */
export function createManifestFolder(options: {
  readonly directory: string;
  readonly reading: AssessmentOptions;
  readonly log: Log;
  readonly changed: (changes: readonly Change[]) => void;
}): ManifestFolder {
  const { directory, reading, log, changed } = options;
  const cache = createManifestCache();
  const reader = createManifestReader(reading);
  const nothing = collectManifests([], true);
  let current = nothing;
  let fault: Error | undefined;
  let known = nothing;

  const serve = (next: CollectedManifests): void => {
    logNewProblems(log, current.problems, next.problems);
    const changes = cache.replace(next.resources);
    current = { ...next, resources: cache.current() };
    changed(changes);
  };
  return {
    current: () => current,
    fault: () => fault,
    reread: async () => {
      try {
        const next = reader.read(await readManifestTexts(directory));
        const unchanged = fault === undefined && next === known;
        fault = undefined;
        known = next;
        if (!unchanged) serve({ ...next, problems: [...next.problems, ...accessNotices(directory, next)] });
      } catch (error) {
        fault = toError(error);
        serve({ ...nothing, problems: [unreadable(directory, fault)] });
      }
    },
  };
}

function unreadable(directory: string, error: Error): Problem {
  const message = `cannot be read, so nothing is served: ${error.message}`;
  return { severity: "problem", file: directory, line: 1, field: "", message };
}

function accessNotices(directory: string, { resources }: CollectedManifests): readonly Problem[] {
  if (resources.AzureIdentityAccessGrant.size === 0) return [];
  return [{ severity: "notice", file: directory, line: 1, field: "", message: unvouchedNames }];
}

function logNewProblems(log: Log, before: readonly Problem[], now: readonly Problem[]): void {
  const known = new Set(before.map(renderProblem));
  for (const problem of now.filter((one) => !known.has(renderProblem(one)))) {
    const fields = { problem: renderProblem(problem) };
    if (problem.severity === "notice") log.info(fields, "manifest notice");
    else log.warn(fields, "manifest problem");
  }
}
