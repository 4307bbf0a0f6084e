import type { KubernetesApi } from "../../kubernetes/api.ts";
import { readShippedShapes } from "../../kubernetes/crd-shape.ts";
import { findMissingRights } from "../../kubernetes/missing-rights.ts";
import type { ResourceKind } from "../../kubernetes/resource-source.ts";
import { controllerRights, daemonRights, readingRights, type Right } from "../../kubernetes/rights.ts";
import { checkServedSchemas, followServedSchemas, schemaRemedy } from "../../kubernetes/served-schema.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { CommandError } from "../errors.ts";
import { shippedFiles } from "../paths.ts";
import { type AskOptions, standingFaults } from "./standing-faults.ts";

interface CheckOptions extends AskOptions {
  readonly api: KubernetesApi;
  readonly component: "controller" | "nmi";
  readonly kinds: readonly ResourceKind[];
  /** Where the controller's Lease is; null for those who are not elected. */
  readonly leaseNamespace: string | null;
}

/**
 * Asks the cluster whether it serves all fields that podid relies on, and allows all that podid does. An API server
 * that is away, or does not know us yet, is asked again until `signal` aborts.
 * @throws CommandError 3 with one line that says what to apply; the reason of `signal`.
 */
export async function checkCluster(options: CheckOptions): Promise<void> {
  const { api, component, signal } = options;
  const shipped = await readShippedShapes(shippedFiles.definitions);
  const schemas = await standingFaults(options, () => checkServedSchemas(api, shipped, signal));
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
