import { stringify } from "yaml";

import { loadCrdSchemas } from "../kubernetes/manifest-schema.ts";
import { createManifestSource, type ManifestSource } from "../kubernetes/manifest-source.ts";
import { renderProblem } from "../kubernetes/manifest-problem.ts";
import { KubernetesError } from "../kubernetes/errors.ts";
import { createClusterDecider } from "../engine/cluster-decider.ts";
import type { Engine } from "../engine/engine.ts";
import { createSystemClock, type Clock } from "../runtime/clock.ts";
import { createSilentLog } from "../runtime/log.ts";
import { instantFromMs, parseInstant, type Instant } from "../timebox/instant.ts";
import { CommandError } from "./errors.ts";
import { explainPod, type Explanation } from "./explanation.ts";
import { renderExplanation } from "./explanation-text.ts";
import { shippedFiles } from "./paths.ts";
import { judgeManifests, loadPolicy } from "./policy.ts";

export interface ExplainRequest {
  readonly pod: string;
  readonly manifests: string;
  readonly at: string;
  readonly resource: string;
  readonly clientID: string | undefined;
  readonly output: string;
}

/**
 * `podid explain pod`: answers the text to print.
 * @throws CommandError 2 for wrong use and for manifests with problems, one line each.
 */
export async function explain(request: ExplainRequest): Promise<string> {
  const clock = createSystemClock();
  const render = rendererFor(request.output);
  const at = instantOf(request.at, clock);
  const engine = await loadPolicy();
  const source = await readManifests(request.manifests, engine, clock);
  const decider = createClusterDecider(engine, source);
  try {
    const pod = source.get("Pod", request.pod);
    if (pod === undefined) throw unknownPod(request, source);
    const { resource, clientID } = request;
    const known = clientID === undefined ? {} : { clientID };
    return render(explainPod(decider, source, pod, { at, resource, ...known, policy: engine }));
  } finally {
    decider.close();
    await source.close();
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

function unknownPod({ pod, manifests }: ExplainRequest, source: ManifestSource): CommandError {
  const known = source.list("Pod").map(({ namespace, name }) => `${namespace}/${name}`);
  const hint = known.length === 0 ? "there are no pods in it" : `it has ${known.join(", ")}`;
  return new CommandError(2, `no pod ${pod} in ${manifests}: ${hint}`);
}

function instantOf(text: string, clock: Clock): Instant {
  if (text === "now") return instantFromMs(clock.nowMs());
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  throw new CommandError(2, `--at ${text}: give an RFC 3339 instant such as 2026-06-14T22:00:00Z, or now`);
}

function rendererFor(output: string): (explanation: Explanation) => string {
  if (output === "json") return (explanation) => JSON.stringify(explanation, null, 2);
  if (output === "yaml") return (explanation) => stringify(explanation).trimEnd();
  if (output === "table") return renderExplanation;
  throw new CommandError(2, `-o ${output}: use table, json or yaml`);
}
