import { createApiClient } from "../../kubernetes/api-client.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { createBelievedAccess } from "../../kubernetes/believed-access.ts";
import {
  createClusterSource,
  type ClusterSource,
  type ClusterSourceOptions,
} from "../../kubernetes/cluster-source.ts";
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
import { removeTaint } from "../../kubernetes/startup-taint.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { followAccessAdmission } from "./access-admission.ts";
import { checkCluster, followDefinitions } from "./cluster-check.ts";
import { type FieldCaseOptions, upgradeFields } from "./field-case.ts";
import { orAborted } from "../../runtime/deadline.ts";
import { fenceApi, followLeadership, type Leadership } from "./leader-fence.ts";
import { leadAlone, type Elect, type LeaseOptions, type OpenSource, type SourceOptions } from "./source.ts";
import { readVersion } from "./version.ts";

/** There are two controllers, and perhaps thousands of agents. */
const controllerWakeMs = 800;
const agentWakeMs = 10_000;
/** That of deploy/. */
const defaultNamespace = "podid-system";

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
  const { component, customUserAgent, rate } = options;
  const connection = await connect(parts, options);
  const userAgent = `podid-${component}/${await readVersion()} ${customUserAgent}`.trim();
  const limit = rate === null ? rateOf(options) : { rate };
  const api = createApiClient({ connection, clock, userAgent, ...limit });
  // Renewals must not wait behind anything else.
  const leaseApi = createApiClient({ connection, clock, userAgent, rate: null, connections: 1 });
  const lease = leaseOf(parts, options, connection);
  const election = electBy(parts, leaseApi, lease);
  const { cluster, events } = followCluster(parts, options, api, election);
  const access = createBelievedAccess(cluster, parts.log);
  const believe = (vouching: Vouching): void => access.believe(vouching);
  const broken = new AbortController();
  const following: Close[] = [];
  const ready = async (signal: AbortSignal): Promise<void> => {
    // Before the definitions are judged: today's would hide the fields of before.
    await upgradeFields({ ...parts, api, signal, namespace: connection.namespace }, options.fieldCase);
    const needed = { kinds: kindsOf(options), leaseNamespace: lease?.namespace ?? null };
    await checkCluster({ ...parts, ...options, ...needed, api, signal });
    following.push(
      await followDefinitions({ ...parts, ...options, api, onFault: (fault) => broken.abort(fault) }),
    );
    const admission = await followAccessAdmission({ ...parts, api, believe });
    following.push(() => admission.close());
    // Before the first look at them grants are not shown, and whoever plans by that takes identities off VMs.
    const synced = Promise.all([cluster.synced(), admission.synced]);
    await orAborted(synced, AbortSignal.any([signal, broken.signal]));
  };
  const close = async (): Promise<void> => {
    const clients = [cluster, events, leaseApi, api].map(
      (client): Close =>
        () =>
          client.close(),
    );
    // oxlint-disable-next-line no-await-in-loop -- what uses a client ends before it
    for (const end of [...following, ...clients]) await end();
  };
  const leaseKey = lease === null ? null : `${lease.namespace}/${lease.name}`;
  const own = { source: access.source, ready, broken: broken.signal, lease: leaseKey, ...election, close };
  return { ...own, ...untaintBy(api, options) };
}

function untaintBy(api: KubernetesApi, { node }: ClusterOptions): Pick<OpenSource, "untaint"> {
  return node === null ? {} : { untaint: (key, signal) => removeTaint(api, { node, key, signal }) };
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
  leadership: Leadership,
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
    // Not for events: they tell what was done, also when that has just ended.
    api: options.lease === null ? api : fenceApi(api, leadership, clock),
    clock,
    log,
    random,
    metrics,
    kinds: kindsOf(options),
    selectors: selectorsOf(options),
    wakeSpreadMs: options.node === null ? controllerWakeMs : agentWakeMs,
    // Agents are thousands, and are not to ask for the newest state; and pages count where requests are counted.
    readsByList: options.node === null && options.rate === null,
    recordEvent: (event) => events.record(event),
  });
  return { cluster, events };
}

function kindsOf({ node }: ClusterOptions): readonly ResourceKind[] {
  return node === null ? resourceKinds : resourceKinds.filter((kind) => kind !== "Node");
}

/** The server picks a node's own: 5,000 agents that follow every pod would drown it. */
function selectorsOf({ node }: ClusterOptions): NonNullable<ClusterSourceOptions["selectors"]> {
  if (node === null) return {};
  return {
    Pod: { fieldSelector: `spec.nodeName=${node}` },
    AzureAssignedIdentity: { fieldSelector: `spec.nodename=${node}` },
  };
}

/** Replicas of one Deployment share a namespace, and only there deploy/rbac lets them write the Lease. */
function leaseOf(
  { environment }: ClusterParts,
  { lease, kubeconfig }: ClusterOptions,
  connection: Connection,
): LeaseOptions | null {
  if (lease === null) return null;
  const own = environment.podNamespace ?? (kubeconfig === "" ? connection.namespace : defaultNamespace);
  return { ...lease, namespace: lease.namespace || own };
}

function electBy(
  { clock, log, environment, readiness }: ClusterParts,
  api: KubernetesApi,
  lease: LeaseOptions | null,
): Leadership & { readonly elect: Elect } {
  if (lease === null) return followLeadership(leadAlone, () => true);
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
    onTrouble: (trouble) =>
      readiness.set(
        "lease",
        trouble === null
          ? null
          : `the Lease ${namespace}/${name}, by which it is told who leads, cannot be had: ${trouble}`,
      ),
  });
  return followLeadership(
    (signal, lead) => elector.run(signal, lead),
    () => elector.isLeader(),
  );
}
