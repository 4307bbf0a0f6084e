import { KubernetesError } from "../kubernetes/errors.ts";
import { renderProblem } from "../kubernetes/manifest-problem.ts";
import { loadCrdSchemas } from "../kubernetes/manifest-schema.ts";
import { createManifestSource } from "../kubernetes/manifest-source.ts";
import type { ResourceSource } from "../kubernetes/resource-source.ts";
import { createClusterDecider } from "../engine/cluster-decider.ts";
import type { Decider, Engine } from "../engine/engine.ts";
import type { EngineError } from "../engine/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { createSilentLog } from "../runtime/log.ts";
import { CommandError } from "./errors.ts";
import { describeFault } from "./policy-faults.ts";
import { shippedFiles } from "./paths.ts";
import { judgeManifests, loadPolicy } from "./policy.ts";
import { readCluster } from "./read-cluster.ts";

/** Where objects are read from. */
export interface Place {
  readonly manifests: string | undefined;
  readonly kubeconfig: string | undefined;
}

/** Objects and the policy that judges them. */
export interface JudgedSource {
  readonly source: ResourceSource;
  readonly decider: Decider;
  readonly policy: { readonly revision: string; readonly digest: string };
  /** In one line what the policy has failed of first; null while it has answered everything. */
  readonly faultText: () => string | null;
}

/**
 * More than daemons give to user rules: nobody else waits for an answer here, and a busy machine must not look like
 * a broken policy.
 */
const userRulesDeadlineMs = 5000;

/**
 * Reads a folder or a cluster once, hands it to `use` together with the policy in the bundle `policy` (empty: the one that
 * ships), and closes all of it afterwards.
 * @throws CommandError 2 for wrong use and for manifests with problems, one line each; 3 when the policy cannot be
 *   loaded or the cluster not be read.
 */
export async function withSource<T>(
  place: Place & { readonly policy: string },
  clock: Clock,
  use: (judged: JudgedSource) => T | Promise<T>,
): Promise<T> {
  const faults: string[] = [];
  const faultText = (): string | null => faults[0] ?? null;
  const read = readerOf(place, clock, faultText);
  const listeners = {
    userRulesDeadlineMs,
    onFault: (fault: EngineError) => void faults.push(describeFault(fault)),
  };
  const engine = await loadPolicy(clock, listeners, place.policy);
  try {
    const source = await read(engine);
    const decider = createClusterDecider(engine, source);
    try {
      return await use({ source, decider, policy: engine, faultText });
    } finally {
      decider.close();
      await source.close();
    }
  } finally {
    await engine.close();
  }
}

/** What `place` calls itself in messages. */
export function nameOfPlace({ manifests, kubeconfig }: Place): string {
  return manifests ?? `the cluster of ${kubeconfig}`;
}

function readerOf(
  { manifests, kubeconfig }: Place,
  clock: Clock,
  faultText: () => string | null,
): (engine: Engine) => Promise<ResourceSource> {
  if (manifests !== undefined && kubeconfig === undefined) {
    return (engine) => readManifests(manifests, engine, clock, faultText);
  }
  if (kubeconfig !== undefined && manifests === undefined) {
    return () => readCluster(kubeconfig, clock, warn);
  }
  throw new CommandError(2, "give either --manifests DIR or --kubeconfig FILE");
}

async function readManifests(
  directory: string,
  engine: Engine,
  clock: Clock,
  faultText: () => string | null,
): Promise<ResourceSource> {
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
  const fault = faultText();
  const lines = fault === null ? [] : [`the policy failed, which may be all that is wrong: ${fault}`];
  throw new CommandError(2, [...problems.map(renderProblem), ...lines].join("\n"));
}

function warn(text: string): void {
  process.stderr.write(`podid: ${text}\n`);
}
