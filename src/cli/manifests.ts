import { KubernetesError } from "../kubernetes/errors.ts";
import { renderProblem } from "../kubernetes/manifest-problem.ts";
import { loadCrdSchemas } from "../kubernetes/manifest-schema.ts";
import { createManifestSource, type ManifestSource } from "../kubernetes/manifest-source.ts";
import { createClusterDecider } from "../engine/cluster-decider.ts";
import type { Decider, Engine } from "../engine/engine.ts";
import type { Clock } from "../runtime/clock.ts";
import { createSilentLog } from "../runtime/log.ts";
import { CommandError } from "./errors.ts";
import { shippedFiles } from "./paths.ts";
import { judgeManifests, loadPolicy } from "./policy.ts";

/** A folder of manifests and the policy that judges them. */
export interface JudgedManifests {
  readonly source: ManifestSource;
  readonly decider: Decider;
  readonly policy: { readonly revision: string; readonly digest: string };
}

/**
 * Reads `directory` once, hands it to `use` together with the policy in the bundle `policy` (empty: the one that
 * ships), and closes all of it afterwards.
 * @throws CommandError 2 for manifests with problems, one line each; 3 when the policy cannot be loaded.
 */
export async function withManifests<T>(
  { manifests: directory, policy }: { readonly manifests: string; readonly policy: string },
  clock: Clock,
  use: (manifests: JudgedManifests) => T | Promise<T>,
): Promise<T> {
  const engine = await loadPolicy(clock, {}, policy);
  try {
    const source = await readManifests(directory, engine, clock);
    const decider = createClusterDecider(engine, source);
    try {
      return await use({ source, decider, policy: engine });
    } finally {
      decider.close();
      await source.close();
    }
  } finally {
    await engine.close();
  }
}

async function readManifests(directory: string, engine: Engine, clock: Clock): Promise<ManifestSource> {
  const source = await createManifestSource({
    directory,
    crds: await loadCrdSchemas(shippedFiles.crds),
    clock,
    log: createSilentLog(),
    judge: judgeManifests(engine),
    watch: false,
  }).catch((cause: unknown) => {
    if (!(cause instanceof KubernetesError)) throw cause;
    throw new CommandError(2, cause.message, { cause });
  });
  const problems = source.problems().filter(({ severity }) => severity === "problem");
  if (problems.length === 0) return source;
  await source.close();
  throw new CommandError(2, problems.map(renderProblem).join("\n"));
}
