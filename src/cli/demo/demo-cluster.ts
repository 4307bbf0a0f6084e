import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { createApiClient } from "../../kubernetes/api-client.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { createClusterSource, type ClusterSource } from "../../kubernetes/cluster-source.ts";
import { KubernetesError } from "../../kubernetes/errors.ts";
import { resourceKinds } from "../../kubernetes/kind-paths.ts";
import { connectByKubeconfig } from "../../kubernetes/kubeconfig.ts";
import { readDocuments } from "../../kubernetes/manifest-documents.ts";
import { createSystemClock, delay, type Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { toError } from "../../runtime/to-error.ts";
import { readVersion } from "../daemon/version.ts";
import { CommandError } from "../errors.ts";
import { shippedFiles } from "../paths.ts";
import type { StackSource } from "../stack.ts";
import { orAborted } from "../../runtime/deadline.ts";
import { definitionPath, demoObjects, foreignNodes, type DemoObject, servedPaths } from "./demo-objects.ts";

const manager = { fieldManager: "podid-demo", force: "true" };
const deadlineMs = 30_000;

/**
 * The demo's folder put into a cluster that has no nodes of its own: definitions, objects, and for the pods what kubelets
 * would write. Closing it takes away what it made, but for namespaces and definitions.
 * @throws CommandError 2 when the cluster is in use, 3 when it cannot be written to.
 */
export async function openDemoCluster(kubeconfig: string, folder: string, log: Log): Promise<StackSource> {
  // The story's clock is moved; a connection lives in real time.
  const clock = createSystemClock();
  try {
    const connection = await connectByKubeconfig({ clock, path: kubeconfig });
    const api = createApiClient({
      connection,
      clock,
      userAgent: `podid-demo/${await readVersion()}`,
      rate: null,
    });
    try {
      return await fill(api, clock, await readFolder(folder), log);
    } catch (error) {
      await api.close();
      throw error;
    }
  } catch (cause) {
    if (!(cause instanceof KubernetesError)) throw cause;
    throw new CommandError(3, `the demo cannot use the cluster of ${kubeconfig}: ${cause.message}`, {
      cause,
    });
  }
}

async function readFolder(folder: string): Promise<readonly DemoObject[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml"));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return demoObjects(texts.flatMap((text, index) => readDocuments(files[index] ?? "", text).objects));
}

async function fill(
  api: KubernetesApi,
  clock: Clock,
  objects: readonly DemoObject[],
  log: Log,
): Promise<StackSource> {
  const foreign = foreignNodes(await api.call({ method: "GET", path: "/api/v1/nodes" }));
  if (foreign.length > 0) {
    const message = `this cluster has nodes of its own (${foreign.slice(0, 3).join(", ")}): the demo plays all nodes itself`;
    throw new CommandError(2, `${message}; give it an empty one`);
  }
  await applyDefinitions(api, clock);
  // oxlint-disable-next-line no-await-in-loop -- namespaces come before what is in them
  for (const object of objects) await apply(api, object);
  const source = createClusterSource({
    api,
    clock,
    log,
    random: Math.random,
    kinds: resourceKinds,
    recordEvent: () => undefined,
  });
  await orAborted(source.synced(), AbortSignal.timeout(deadlineMs));
  return { ...source, problems: () => [], close: () => empty(api, source, objects, log) };
}

async function applyDefinitions(api: KubernetesApi, clock: Clock): Promise<void> {
  const folder = shippedFiles.definitions;
  for (const file of await readdir(folder)) {
    // oxlint-disable-next-line no-await-in-loop -- six of them
    const body: unknown = JSON.parse(await readFile(join(folder, file), "utf8"));
    // oxlint-disable-next-line no-await-in-loop -- as above
    await applyAt(api, definitionPath(body), body);
  }
  await Promise.all(servedPaths.map((path) => untilServed(api, clock, path)));
}

async function untilServed(api: KubernetesApi, clock: Clock, path: string): Promise<void> {
  const endMs = clock.monotonicMs() + deadlineMs;
  // oxlint-disable-next-line no-await-in-loop -- served some moments after it was applied
  while (!(await isServed(api, path, clock.monotonicMs() > endMs))) await delay(clock, 200);
}

async function isServed(api: KubernetesApi, path: string, isLast: boolean): Promise<boolean> {
  try {
    await api.call({ method: "GET", path, query: { limit: "1" } });
    return true;
  } catch (error) {
    if (isLast || !(error instanceof KubernetesError)) throw error;
    return false;
  }
}

async function apply(api: KubernetesApi, { path, body, status }: DemoObject): Promise<void> {
  await applyAt(api, path, body);
  if (status === null) return;
  await api.call({
    method: "PATCH",
    path: `${path}/status`,
    bodyType: "application/merge-patch+json",
    body: { status },
  });
}

async function applyAt(api: KubernetesApi, path: string, body: unknown): Promise<void> {
  await api.call({ method: "PATCH", path, query: manager, bodyType: "application/apply-patch+yaml", body });
}

/** Takes away what the demo and the controller made; what cannot be taken away is named in the log. */
async function empty(
  api: KubernetesApi,
  source: ClusterSource,
  objects: readonly DemoObject[],
  log: Log,
): Promise<void> {
  const attempt = async (run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      const isGone = error instanceof KubernetesError && error.code === "NotFound";
      if (!isGone) log.warn({ err: toError(error) }, "something of the demo stays in the cluster");
    }
  };
  const assigned = source.list("AzureAssignedIdentity");
  await Promise.all(
    assigned.map(({ namespace, name }) =>
      attempt(() => source.deleteAssignedIdentity(`${namespace}/${name}`)),
    ),
  );
  await source.close();
  for (const { path, isKept } of objects.toReversed()) {
    if (isKept) continue;
    // oxlint-disable-next-line no-await-in-loop -- what is in a namespace goes before it
    await attempt(() => api.call({ method: "DELETE", path, query: { gracePeriodSeconds: "0" } }));
  }
  await api.close();
}
