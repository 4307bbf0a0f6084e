import { once } from "node:events";

import { keyOf } from "../../engine/cluster-document.ts";
import { renderProblem } from "../../kubernetes/manifest-problem.ts";
import { createSystemClock, type Cancel, type Clock } from "../../runtime/clock.ts";
import { createSimulatedClock, type SimulatedClock } from "../../runtime/simulated-clock.ts";
import { instantFromMs } from "../../timebox/instant.ts";
import { CommandError } from "../errors.ts";
import { explainPod } from "../explanation.ts";
import { shippedFiles } from "../paths.ts";
import { startStack, type Stack } from "../stack.ts";
import { createAccessLog, type AccessLog } from "./access-log.ts";
import { renderAddresses, renderAnswers, renderJournal, type Answer } from "./report.ts";
import { openDemoCluster } from "./demo-cluster.ts";
import { createPolicyNews } from "./policy-news.ts";
import { openRedirect, type Redirect } from "./redirect.ts";
import { askSdk } from "./sdk-call.ts";
import { berlinTime, nextBusinessMidnightMs, scenesAround, type Scene } from "./story.ts";
import { moveTo } from "./timeline.ts";

export interface DemoOptions {
  /** Leave everything running, on a clock that goes on, until the process is told to stop. */
  readonly keep: boolean;
  readonly print: (text: string) => void;
  /** Aborts to end the demo, also while `keep` holds it. */
  readonly signal: AbortSignal;
  /** Policy bundle; empty: the one that ships. */
  readonly policy: string;
  /** File for the decisions, or `-`. */
  readonly decisionLog: string | undefined;
  /** An empty cluster to play in, in place of the folder alone. */
  readonly kubeconfig: string | undefined;
}

/** Time for the first assignments, and for NMI to know its pods, before the first question. */
const settleMs = 15 * 60_000;
const followEveryMs = 50;

/**
 * The founding example on one machine. Each pod is a process with a real SDK and its own source address;
 * the cluster is the demo folder, Azure the emulator, and the clock is moved over the window's edges.
 * It starts at the next business-day midnight to come: to an SDK, a token from the past has expired.
 */
export async function runDemo({ keep, print, signal, kubeconfig, ...files }: DemoOptions): Promise<void> {
  const realClock = createSystemClock();
  const midnightMs = nextBusinessMidnightMs(realClock.nowMs());
  const scenes = scenesAround(midnightMs);
  const clock = createSimulatedClock((scenes[0]?.atMs ?? midnightMs) - settleMs);

  print(
    `starting: emulated Azure, controller and NMI, at ${berlinTime(clock.nowMs())} in Berlin (simulated)`,
  );
  const accessLog = createAccessLog();
  const news = createPolicyNews(print);
  const stack = await startStack({
    manifests: shippedFiles.demoManifests,
    clock,
    logDestination: { write: (line) => [accessLog, news].forEach((log) => log.write(line)) },
    nmi: { hosts: ["127.0.0.1"], refuseUnboundAtOnce: true },
    openSource:
      kubeconfig === undefined
        ? undefined
        : (log) => openDemoCluster(kubeconfig, shippedFiles.demoManifests, log),
    ...files,
  });
  const redirects = await openRedirects(stack);
  const stage: Stage = { clock, stack, redirects, accessLog, signal };
  try {
    if (kubeconfig !== undefined)
      print(`the objects are in the cluster of ${kubeconfig} until the demo ends`);
    for (const problem of stack.source.problems()) print(renderProblem(problem));
    print("assigning what is open already, then asking for tokens with @azure/identity:\n");
    const answers = await play(scenes, stage);
    print(renderAnswers(answers));
    print("");
    await moveTo(clock, midnightMs + 2 * 60 * 60_000, stack.controller, signal);
    print(renderJournal(stack.emulator.journal.list()));
    if (keep) await keepRunning(stage, realClock, print);
  } finally {
    await Promise.all([...redirects.values()].map((redirect) => redirect.close()));
    await stack.close();
  }
}

async function openRedirects(stack: Stack): Promise<ReadonlyMap<string, Redirect>> {
  const opened = stack.source.list("Pod").map(async (pod) => {
    const nmi = stack.nmis.get(pod.node);
    const [address] = pod.addresses;
    if (nmi === undefined || address === undefined) return [];
    return [[keyOf(pod), await openRedirect(address, nmi)] as const];
  });
  return new Map((await Promise.all(opened)).flat());
}

interface Stage {
  readonly clock: SimulatedClock;
  readonly stack: Stack;
  readonly redirects: ReadonlyMap<string, Redirect>;
  readonly accessLog: AccessLog;
  readonly signal: AbortSignal;
}

/** Pods ask side by side, each one question after the other; the clock stands still meanwhile. */
async function play(scenes: readonly Scene[], stage: Stage): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const [atMs, together] of Map.groupBy(scenes, (scene) => scene.atMs)) {
    // oxlint-disable-next-line no-await-in-loop -- time passes in order
    await moveTo(stage.clock, atMs, stage.stack.controller, stage.signal);
    // oxlint-disable-next-line no-await-in-loop -- as above
    answers.push(...(await askTogether(together, stage)));
  }
  return answers;
}

async function askTogether(scenes: readonly Scene[], stage: Stage): Promise<readonly Answer[]> {
  const pods = [...Map.groupBy(scenes, (scene) => scene.pod).values()].map(async (questions) => {
    const answers: Answer[] = [];
    // oxlint-disable-next-line no-await-in-loop -- a pod's answer is found as its last line in the log
    for (const question of questions) answers.push(await playScene(question, stage));
    return answers;
  });
  return (await Promise.all(pods)).flat();
}

async function playScene(scene: Scene, { stack, redirects, accessLog, signal }: Stage): Promise<Answer> {
  const pod = stack.source.get("Pod", scene.pod);
  const redirect = redirects.get(scene.pod);
  if (pod === undefined || redirect === undefined)
    throw new CommandError(2, `the demo needs pod ${scene.pod} on a Node of its folder; see demo/README.md`);
  const result = await askSdk(redirect.url, scene.ask, signal);
  const { identities } = explainPod(stack.decider, stack.source, pod, {
    at: instantFromMs(scene.atMs),
    resource: scene.ask.scope,
    policy: stack.engine,
  });
  const opensAt = identities.find(({ nextState }) => nextState === "open")?.nextTransition ?? null;
  const owner = stack.source
    .list("AzureIdentity")
    .find(({ spec }) => result.ok && spec.clientID === result.clientID);
  const identity = owner === undefined ? null : keyOf(owner);
  return { scene, result, served: accessLog.lastOf(scene.pod), opensAt, identity };
}

async function keepRunning(stage: Stage, realClock: Clock, print: (text: string) => void): Promise<void> {
  const { clock, stack, redirects, signal } = stage;
  print(`\n${renderAddresses(stack, redirects, shippedFiles.demoManifests)}`);
  const following = follow(clock, realClock);
  if (!signal.aborted) await once(signal, "abort");
  following.stop();
}

/** Lets a simulated clock go on at the pace of the real one. */
function follow(clock: SimulatedClock, realClock: Clock): { stop(): void } {
  let lastMs = realClock.monotonicMs();
  const step = (): Cancel => {
    const wholeMs = Math.floor(realClock.monotonicMs() - lastMs);
    clock.advance(wholeMs);
    lastMs += wholeMs;
    return realClock.after(followEveryMs, () => void (cancel = step()));
  };
  let cancel = step();
  return { stop: () => cancel() };
}
