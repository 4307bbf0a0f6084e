import { KubernetesError } from "../../kubernetes/errors.ts";
import type { ManifestJudge } from "../../kubernetes/manifest-assessment.ts";
import { loadCrdSchemas } from "../../kubernetes/manifest-schema.ts";
import { createManifestSource } from "../../kubernetes/manifest-source.ts";
import { CommandError } from "../errors.ts";
import { shippedFiles } from "../paths.ts";
import { followLeadership } from "./leader-fence.ts";
import { leadAlone, type OpenSource, type SourceOptions } from "./source.ts";

/**
 * A folder of manifests, which only this process writes to: there is nobody to elect.
 * @throws CommandError 3 when it cannot be read.
 */
export async function openManifests(
  { clock, log }: SourceOptions,
  directory: string,
  judge: ManifestJudge,
): Promise<OpenSource> {
  const crds = await loadCrdSchemas(shippedFiles.crds);
  const source = await createManifestSource({ directory, crds, clock, log, judge, watch: true }).catch(
    (cause: unknown) => {
      if (!(cause instanceof KubernetesError)) throw cause;
      throw new CommandError(3, cause.message, { cause });
    },
  );
  return {
    source,
    ready: async () => undefined,
    broken: new AbortController().signal,
    lease: null,
    ...followLeadership(leadAlone, () => true),
    close: () => source.close(),
  };
}
