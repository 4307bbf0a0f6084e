import type { Decider } from "../engine/engine.ts";
import type { Cancel, Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Instant } from "../timebox/instant.ts";
import { createWakeUps } from "../timebox/wake-ups.ts";
import { createArmCare, type ArmTerms } from "./arm-care.ts";
import { keysOfWaiting } from "./observe.ts";
import { createObserved } from "./observed.ts";
import { createPodAnswers } from "./pod-answers.ts";
import type { Cluster, Compute } from "./ports.ts";
import { createProblemReporter } from "./problem-reporter.ts";
import { reconcile } from "./reconcile.ts";
import { startSchedule } from "./schedule.ts";
import type { StatusTerms } from "./status-findings.ts";
import { createStatusWriter } from "./status-writer.ts";
import { createUnsentIdentities } from "./unsent-identities.ts";
import type { WorkQueueObserver } from "./work-queue-observer.ts";
import { createWorkQueue } from "./work-queue.ts";

/** Keeps identities on VMs and scale sets, and the AzureAssignedIdentities, as the policy wants them. */
export interface Controller {
  /** Looks at everything once, then at what changes and at what the clock brings. */
  start(): void;
  /** Ends; resolves when no effect is under way any more. What is unfinished, the next start finishes. */
  close(): Promise<void>;
  /** Resolves when all that can be done now is done; what waits out a failure does not count. */
  settled(): Promise<void>;
  /** When an answer of the policy is next expected to change; null when none is. */
  nextWake(): Instant | null;
}

export interface ControllerDependencies extends ArmTerms {
  readonly clock: Clock;
  readonly log: Log;
  readonly cluster: Cluster;
  readonly decider: Decider;
  readonly compute: Compute;
  /** Identities serve pods of their own namespace only (`--forceNamespaced`). */
  readonly namespaced: boolean;
  /** 0..1; spreads retries. */
  readonly random: () => number;
  /** Hears how the queue of work is doing. */
  readonly observer?: WorkQueueObserver;
  /** How often to look at everything; 5 minutes unless less is asked for. */
  readonly resyncMs?: number;
  /** Hears how long a look at one place took that found something to do. */
  readonly onCycle?: (durationMs: number) => void;
  /** Told of each boundary that custom rules declare and that is none (reference/time-boxes.md §3.5). */
  readonly onHintMismatch?: () => void;
  /** What statuses say of how they were found. */
  readonly statusTerms: StatusTerms;
}

/** Makes a controller that does nothing before `start`. All its memory is in the cluster's objects. */
export function createController(deps: ControllerDependencies): Controller {
  const { cluster, decider } = deps;
  const wakeUps = createWakeUps();
  const observed = createObserved(cluster, (key) => queue.add(key));
  const unitKeys = (): Iterable<string> => observed.now().units.keys();
  const unsent = createUnsentIdentities();
  const armCare = createArmCare({ ...deps, unsent, unitKeys, queue: () => queue, statuses: () => statuses });
  const answers = createPodAnswers(deps);
  const problems = createProblemReporter(cluster);
  const parts = { ...deps, ...armCare, unsent, observed, answers, wakeUps, problems };
  const queue = createWorkQueue({ ...deps, work: (key, signal) => reconcile({ ...parts, signal }, key) });
  const statuses = createStatusWriter({ ...deps, terms: deps.statusTerms, refusal: armCare.refusal });
  const stops: Cancel[] = [];

  const addAll = (): void => {
    observed.renew();
    for (const key of unitKeys()) queue.add(key, "resync");
  };
  const start = (): void => {
    stops.push(
      answers.follow(),
      cluster.subscribe((change) => observed.noteChange(change)),
      armCare.start(),
      startSchedule({ ...deps, wakeUps, onDue: (key) => queue.add(key), onAll: addAll }),
      // All plans are the former policy's.
      decider.onPolicyChange?.(addAll) ?? (() => undefined),
    );
    addAll();
    for (const key of keysOfWaiting(observed.now())) queue.add(key);
    statuses.start();
  };
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0)) stop();
    await Promise.all([queue.close(), statuses.close()]);
  };
  return {
    start,
    close,
    // Assignments change statuses, and never the other way round.
    settled: () => queue.settled().then(() => statuses.settled()),
    nextWake: () => wakeUps.peek()?.at ?? null,
  };
}
