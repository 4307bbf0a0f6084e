import { createApiClient } from "../kubernetes/api-client.ts";
import type { KubernetesApi } from "../kubernetes/api.ts";
import { createBelievedAccess } from "../kubernetes/believed-access.ts";
import { createClusterSource, type ClusterSource } from "../kubernetes/cluster-source.ts";
import { readShippedShapes } from "../kubernetes/crd-shape.ts";
import { KubernetesError } from "../kubernetes/errors.ts";
import { resourceKinds } from "../kubernetes/kind-paths.ts";
import { connectByKubeconfig } from "../kubernetes/kubeconfig.ts";
import { findMissingRights } from "../kubernetes/missing-rights.ts";
import { readingRights } from "../kubernetes/rights.ts";
import type { ResourceSource } from "../kubernetes/resource-source.ts";
import { readShippedAdmission } from "../kubernetes/served-admission-object.ts";
import {
  admissionRemedy,
  faultsInShort,
  readVouching,
  type Vouching,
} from "../kubernetes/served-admission.ts";
import { checkServedSchemas, schemaRemedy } from "../kubernetes/served-schema.ts";
import type { Clock } from "../runtime/clock.ts";
import { withDeadline } from "../runtime/deadline.ts";
import { createSilentLog } from "../runtime/log.ts";
import { toError } from "../runtime/to-error.ts";
import { readVersion } from "./daemon/version.ts";
import { CommandError } from "./errors.ts";
import { shippedFiles } from "./paths.ts";
import { orAborted } from "../runtime/deadline.ts";

/** A person waits: a server that is away is told of soon. */
const deadlineMs = 30_000;
const namedGrants = 5;

/**
 * All that podid judges by in the cluster of a kubeconfig, as it is now; grants only where the cluster's admission
 * vouches for them, as the daemons have it. `warn` hears what the reader should know.
 * @throws CommandError 2 for a kubeconfig that says no way; 3 when the server does not answer within 30 s, when it does
 *   not serve podid's definitions, or does not let this user read: in one line.
 */
export async function readCluster(
  kubeconfig: string,
  clock: Clock,
  warn: (text: string) => void,
): Promise<ResourceSource> {
  const connection = await connectByKubeconfig({ clock, path: kubeconfig }).catch((cause: unknown) => {
    if (!(cause instanceof KubernetesError)) throw cause;
    throw new CommandError(2, cause.message, { cause });
  });
  const userAgent = `podid-cli/${await readVersion()}`;
  const api = createApiClient({ connection, clock, userAgent });
  try {
    return await withDeadline(clock, deadlineMs, new AbortController().signal, (signal) =>
      readAll(api, clock, warn, signal),
    );
  } catch (cause) {
    await api.close();
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(3, `the cluster of ${kubeconfig} cannot be read: ${toError(cause).message}`, {
      cause,
    });
  }
}

async function readAll(
  api: KubernetesApi,
  clock: Clock,
  warn: (text: string) => void,
  signal: AbortSignal,
): Promise<ResourceSource> {
  await assertReadable(api, signal);
  const source = createClusterSource({
    api,
    clock,
    log: createSilentLog(),
    random: Math.random,
    kinds: resourceKinds,
    recordEvent: () => undefined,
  });
  try {
    await orAborted(source.synced(), signal);
    const access = createBelievedAccess(source, createSilentLog());
    access.believe(await vouchingOf(api, warn, signal));
    warnOfUnbelieved(access.source, warn);
    return { ...access.source, close: () => closeBoth(source, api) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function warnOfUnbelieved({ unbelieved }: ResourceSource, warn: (text: string) => void): void {
  const grants = unbelieved?.list() ?? [];
  for (const { namespace, name } of grants.slice(0, namedGrants)) {
    const key = `${namespace}/${name}`;
    warn(`grant ${key} counts for nothing: ${unbelieved?.get(key)?.why ?? ""}`);
  }
  if (grants.length > namedGrants) warn(`${grants.length - namedGrants} more grants count for nothing`);
}

async function closeBoth(source: ClusterSource, api: KubernetesApi): Promise<void> {
  await source.close();
  await api.close();
}

async function assertReadable(api: KubernetesApi, signal: AbortSignal): Promise<void> {
  const faults = await checkServedSchemas(api, await readShippedShapes(shippedFiles.definitions));
  if (faults.length > 0) {
    throw new CommandError(
      3,
      `the cluster does not serve podid's definitions: ${schemaRemedy} (${faults.join("; ")})`,
    );
  }
  const rights = await findMissingRights(api, readingRights(resourceKinds), signal);
  if (rights.length > 0) throw new CommandError(3, `not everything may be read: ${rights.join("; ")}`);
}

async function vouchingOf(
  api: KubernetesApi,
  warn: (text: string) => void,
  signal: AbortSignal,
): Promise<Vouching> {
  try {
    const vouching = await readVouching(api, await readShippedAdmission(shippedFiles.admission), signal);
    if (!vouching.inForce) {
      warn(`grants and approvals count for nothing: ${admissionRemedy} (${faultsInShort(vouching.faults)})`);
    }
    return vouching;
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.code !== "Forbidden") throw error;
    warn(
      "grants and approvals are taken as vouched for: you may not read the admission policies that would tell",
    );
    return { inForce: true, afterMs: 0 };
  }
}
