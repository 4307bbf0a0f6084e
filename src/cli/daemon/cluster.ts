import { createApiClient } from "../../kubernetes/api-client.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { createBelievedAccess } from "../../kubernetes/believed-access.ts";
import { createClusterSource, type ClusterSource } from "../../kubernetes/cluster-source.ts";
import type { Connection } from "../../kubernetes/connection.ts";
import { KubernetesError } from "../../kubernetes/errors.ts";
import { createEventRecorder, type EventRecorder } from "../../kubernetes/event-recorder.ts";
import { resourceKinds } from "../../kubernetes/kind-paths.ts";
import { createLeaseElector } from "../../kubernetes/lease-elector.ts";
import type { Rate } from "../../kubernetes/rate-limit.ts";
import { createReferTo } from "../../kubernetes/object-reference.ts";
import type { ResourceKind } from "../../kubernetes/resource-source.ts";
import type { Vouching } from "../../kubernetes/served-admission.ts";
import { connectAsServiceAccount } from "../../kubernetes/service-account.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { followAccessAdmission } from "./access-admission.ts";
import { checkCluster, followDefinitions, type Selectors } from "./cluster-check.ts";
import { type FieldCaseOptions, upgradeFields } from "./field-case.ts";
import { untilSynced } from "../until-synced.ts";
import { leadAlone, type LeaseOptions, type OpenSource, type SourceOptions } from "./source.ts";
import { readVersion } from "./version.ts";

export interface ClusterOptions {
  /** Path; empty: the pod's own service account. */
  readonly kubeconfig: string;
  readonly serviceAccountDirectory: string;
  /** Follow the pods of this node only; null: all, and the nodes. */
  readonly node: string | null;
  readonly lease: LeaseOptions | null;
  readonly fieldCase: FieldCaseOptions | null;
  /** Of requests; null: the client's own. */
  readonly rate: Rate | null;
  readonly customUserAgent: string;
  readonly component: "controller" | "nmi";
}

interface ClusterParts extends SourceOptions {
  readonly environment: Environment;
  readonly metrics: Metrics;
}

/**
 * A cluster behind an API server. Until `ready` has found it fit its objects are not to be believed; an API server
 * that is away is waited for.
 * @throws CommandError 3 when there is no way to an API server.
 */
export async function openCluster(parts: ClusterParts, options: ClusterOptions): Promise<OpenSource> {
  const { clock } = parts;
  const connection = await connect(parts, options);
  const { component, customUserAgent, rate } = options;
  const userAgent = `podid-${component}/${await readVersion()} ${customUserAgent}`.trim();
  const limit = rate === null ? rateOf(options) : { rate };
  const api = createApiClient({ connection, clock, userAgent, ...limit });
  // Renewals must not wait behind anything else.
  const leaseApi = createApiClient({ connection, clock, userAgent, rate: null, connections: 1 });
  const { cluster, events } = followCluster(parts, options, api);
  const access = createBelievedAccess(cluster, parts.log);
  const believe = (vouching: Vouching): void => access.believe(vouching);
  const broken = new AbortController();
  const following: Close[] = [];
  const ready = async (signal: AbortSignal): Promise<void> => {
    // Before the definitions are judged: today's would hide the fields of before.
    await upgradeFields({ ...parts, api, signal, namespace: connection.namespace }, options.fieldCase);
    const followed = { kinds: kindsOf(options), selectors: selectorsOf(options) };
    await checkCluster({ ...parts, ...options, ...followed, api, signal });
    following.push(
      await followDefinitions({ ...parts, ...options, api, onFault: (fault) => broken.abort(fault) }),
    );
    const admission = await followAccessAdmission({ ...parts, api, believe });
    following.push(() => admission.close());
    // Before the first look at them grants are not shown, and whoever plans by that takes identities off VMs.
    const synced = (): Promise<void> =>
      Promise.all([cluster.synced(), admission.synced]).then(() => undefined);
    await untilSynced({ synced }, AbortSignal.any([signal, broken.signal]));
  };
  const close = async (): Promise<void> => {
    const clients: Close[] = [
      () => cluster.close(),
      () => events.close(),
      () => leaseApi.close(),
      () => api.close(),
    ];
    // oxlint-disable-next-line no-await-in-loop -- what uses a client ends before it
    for (const end of [...following, ...clients]) await end();
  };
  const election = electBy(parts, leaseApi, options.lease);
  return { source: access.source, ready, broken: broken.signal, ...election, close };
}

/**
 * There is one controller, so its eight connections are limit enough: the server's priority and fairness says when it
 * has too much (deploy/flow-schemas.yaml). Agents are thousands.
 */
function rateOf({ component }: ClusterOptions): { readonly rate?: null } {
  return component === "controller" ? { rate: null } : {};
}

type Close = () => Promise<void> | void;

async function connect(
  { clock, environment }: ClusterParts,
  { kubeconfig, serviceAccountDirectory: directory }: ClusterOptions,
): Promise<Connection> {
  const { kubernetesHost: host, kubernetesPort: port } = environment;
  try {
    if (kubeconfig === "") return await connectAsServiceAccount({ clock, host, port, directory });
    const { connectByKubeconfig } = await import("../../kubernetes/kubeconfig.ts");
    return await connectByKubeconfig({ clock, path: kubeconfig });
  } catch (cause) {
    if (!(cause instanceof KubernetesError)) throw cause;
    throw new CommandError(3, `no way to an API server: ${cause.message}`, { cause });
  }
}

function followCluster(
  { clock, log, metrics, environment }: ClusterParts,
  options: ClusterOptions,
  api: KubernetesApi,
): { readonly cluster: ClusterSource; readonly events: EventRecorder } {
  const outcomes = metrics.counter({
    name: "podid_events_total",
    help: "Requests to write Kubernetes events, by what became of them.",
    labels: ["outcome"],
  });
  const random = Math.random;
  const events = createEventRecorder({
    api,
    clock,
    log,
    random,
    referTo: (kind, key) => createReferTo(cluster)(kind, key),
    controller: `aadpodidentity.k8s.io/podid-${options.component}`,
    instance: environment.podName ?? options.component,
    onOutcome: (outcome) => outcomes({ outcome }, 1),
  });
  const cluster: ClusterSource = createClusterSource({
    api,
    clock,
    log,
    random,
    metrics,
    kinds: kindsOf(options),
    selectors: selectorsOf(options),
    recordEvent: (event) => events.record(event),
  });
  return { cluster, events };
}

function kindsOf({ node }: ClusterOptions): readonly ResourceKind[] {
  return node === null ? resourceKinds : resourceKinds.filter((kind) => kind !== "Node");
}

/** The server picks a node's own: 5,000 agents that follow every pod would drown it. */
function selectorsOf({ node }: ClusterOptions): Selectors {
  if (node === null) return {};
  return {
    Pod: { fieldSelector: `spec.nodeName=${node}` },
    AzureAssignedIdentity: { fieldSelector: `spec.nodename=${node}` },
  };
}

function electBy(
  { clock, log, environment }: ClusterParts,
  api: KubernetesApi,
  lease: LeaseOptions | null,
): Pick<OpenSource, "elect" | "isLeader"> {
  if (lease === null) return { elect: leadAlone, isLeader: () => true };
  const { namespace, name, instance, durationMs } = lease;
  const elector = createLeaseElector({
    api,
    clock,
    log,
    random: Math.random,
    namespace,
    name,
    identity: instance || environment.podName || "podid-controller",
    leaseSeconds: Math.max(1, Math.ceil(durationMs / 1000)),
  });
  return { elect: (signal, lead) => elector.run(signal, lead), isLeader: () => elector.isLeader() };
}
