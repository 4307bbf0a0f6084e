import type { KubernetesApi } from "../../kubernetes/api.ts";
import { readShippedShapes } from "../../kubernetes/crd-shape.ts";
import { KubernetesError } from "../../kubernetes/errors.ts";
import { findMissingRights } from "../../kubernetes/missing-rights.ts";
import type { ResourceKind } from "../../kubernetes/resource-source.ts";
import { controllerRights, daemonRights, readingRights, type Right } from "../../kubernetes/rights.ts";
import { checkServedSchemas, followServedSchemas, schemaRemedy } from "../../kubernetes/served-schema.ts";
import { delay, type Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { toError } from "../../runtime/to-error.ts";
import { CommandError } from "../errors.ts";
import { shippedFiles } from "../paths.ts";
import type { Readiness } from "./readiness.ts";

const retryMs = 2_000;
const standingMs = 10_000;

interface CheckOptions {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly readiness: Readiness;
  readonly component: "controller" | "nmi";
  readonly kinds: readonly ResourceKind[];
  /** Where the controller's Lease is; null for those who are not elected. */
  readonly leaseNamespace: string | null;
  readonly signal: AbortSignal;
}

/**
 * Asks the cluster whether it serves all fields that podid relies on, and allows all that podid does. An API server
 * that is away, or does not know us yet, is asked again until `signal` aborts.
 * @throws CommandError 3 with one line that says what to apply; the reason of `signal`.
 */
export async function checkCluster(options: CheckOptions): Promise<void> {
  const { api, component, signal } = options;
  const shipped = await readShippedShapes(shippedFiles.definitions);
  const schemas = await standingFaults(options, () => checkServedSchemas(api, shipped));
  if (schemas.length > 0) throw unfit(component, outdated(schemas));
  const names = shipped.map(({ name }) => name);
  const rights = rightsFor({ ...options, definitionNames: names });
  const missing = await standingFaults(options, () => findMissingRights(api, rights, signal));
  if (missing.length === 0) return;
  const remedy = `kubectl apply --server-side --force-conflicts -f deploy/rbac/${component}.yaml`;
  throw unfit(component, `podid lacks rights: ${remedy} (${missing.join("; ")})`);
}

/** All that a daemon asks an API server for, and that deploy/rbac therefore gives it; the Secrets of NMI may be left out. */
export function rightsFor(options: {
  readonly kinds: readonly ResourceKind[];
  readonly leaseNamespace: string | null;
  readonly definitionNames: readonly string[];
}): readonly Right[] {
  const { kinds, leaseNamespace, definitionNames } = options;
  return [
    ...readingRights(kinds),
    ...daemonRights(definitionNames),
    ...(leaseNamespace === null ? [] : controllerRights(leaseNamespace)),
  ];
}

function unfit(component: string, fault: string): CommandError {
  return new CommandError(3, `podid ${component}: ${fault}`);
}

function outdated(faults: readonly string[]): string {
  return `the cluster would not keep what is written: ${schemaRemedy} (${faults.join("; ")})`;
}

/** A server that has just started refuses what it allows moments later: faults have to stand before they are believed. */
async function standingFaults(
  options: CheckOptions,
  ask: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const { clock, readiness, signal } = options;
  let sinceMs: number | undefined;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- asked again while there are faults
    const faults = await untilAnswered(options, ask);
    const [fault] = faults;
    if (fault === undefined) return [];
    sinceMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - sinceMs >= standingMs) return faults;
    readiness.set("source", fault);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await delay(clock, retryMs, signal);
  }
}

async function untilAnswered<T>(options: CheckOptions, ask: () => Promise<T>): Promise<T> {
  const { clock, log, readiness, signal } = options;
  let told = "";
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- asked again when there was no answer
      const answer = await ask();
      readiness.set("source", "not everything of the cluster has been read yet");
      return answer;
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof KubernetesError)) throw thrown;
      if (thrown.message !== told) log.warn({ err: toError(thrown) }, "the API server cannot be asked yet");
      told = thrown.message;
      readiness.set("source", `the API server cannot be asked: ${thrown.message}`);
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    await delay(clock, retryMs, signal);
  }
}

/** Follows the definitions from now on; `onFault` hears when they become unfit. Answers the way to stop. */
export async function followDefinitions(options: {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly component: "controller" | "nmi";
  readonly onFault: (fault: CommandError) => void;
}): Promise<() => Promise<void>> {
  const shipped = await readShippedShapes(shippedFiles.definitions);
  const onChange = (faults: readonly string[]): void => {
    if (faults.length > 0) options.onFault(unfit(options.component, outdated(faults)));
  };
  const followed = followServedSchemas({ ...options, random: Math.random, shipped, onChange });
  return () => followed.close();
}
