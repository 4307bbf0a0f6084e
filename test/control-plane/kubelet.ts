import { randomBytes } from "node:crypto";

import { type Api, at, succeed, textAt } from "./api.ts";

export interface PodSpec {
  readonly namespace: string;
  readonly name: string;
  /** The Node object need not exist. */
  readonly node: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** `default` when absent, as the admission plugin of a whole cluster makes it. It need not exist. */
  readonly serviceAccount?: string;
  /** An address of its own from 10.244.0.0/16 when absent. */
  readonly ip?: string;
  /** RFC 3339 in whole seconds; now when absent. */
  readonly startTime?: string;
  readonly hostNetwork?: boolean;
  readonly ownerReferences?: readonly unknown[];
  /** More fields of `spec`, for example `volumes`. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface StartedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly ip: string;
}

/**
 * Does to pods what kubelets do, as far as the API server shows it. Needs an `api` that may write pods and `pods/status`.
 */
export interface FakeKubelet {
  /** Creates a pod on its node, without status (phase Pending); answers it with the address it will get. */
  schedulePod(spec: PodSpec): Promise<StartedPod>;
  /** Creates a pod on its node and runs it: phase Running, ready, with its address. */
  startPod(spec: PodSpec): Promise<StartedPod>;
  /** Runs a pod that was only scheduled. */
  run(pod: StartedPod, startTime?: string): Promise<void>;
  /** Gives a pod another address, as a new sandbox does; answers the pod with it. */
  moveIp(pod: StartedPod, ip: string): Promise<StartedPod>;
  /** Ends the container and starts it again: one more restart, other container id, same pod. */
  restartContainer(pod: StartedPod): Promise<void>;
  /** Ends a pod; its object and its address stay. */
  finish(pod: StartedPod, phase: "Succeeded" | "Failed"): Promise<void>;
  /** The first of two deletes: the pod gets its `deletionTimestamp` and stays. A finished pod is gone at once. */
  beginDelete(pod: StartedPod): Promise<void>;
  /** The second: the pod is gone; no fault when it was already. */
  remove(pod: StartedPod): Promise<void>;
  /** Both. */
  deletePod(pod: StartedPod): Promise<void>;
}

const image = "registry.invalid/app:1";
let addresses = 0;

export function createFakeKubelet(api: Api): FakeKubelet {
  const setStatus = async (pod: StartedPod, status: unknown): Promise<void> => {
    // Merge, not strategic: that one would append to podIPs (reference/kubernetes.md §2.3).
    await succeed(api.patch(`${pathOf(pod)}/status`, { status }));
  };
  const deleteObject = async ({ uid, ...pod }: StartedPod, options: object): Promise<void> => {
    const answer = await api.delete(pathOf(pod), { ...options, preconditions: { uid } });
    if (answer.status !== 404) await succeed(answer);
  };
  const kubelet: FakeKubelet = {
    schedulePod: async (spec) => {
      const body = await succeed(api.post(`/api/v1/namespaces/${spec.namespace}/pods`, podObject(spec)));
      const { namespace, name, node } = spec;
      return { namespace, name, node, uid: textAt(body, "metadata", "uid"), ip: spec.ip ?? addressFor(spec) };
    },
    startPod: async (spec) => {
      const pod = await kubelet.schedulePod(spec);
      await kubelet.run(pod, spec.startTime);
      return pod;
    },
    run: (pod, startTime = nowText()) => setStatus(pod, runningStatus(pod, startTime)),
    moveIp: async (pod, ip) => {
      await setStatus(pod, { podIP: ip, podIPs: [{ ip }] });
      return { ...pod, ip };
    },
    restartContainer: async (pod) => {
      const body = await succeed(api.get(pathOf(pod)));
      const before = at(body, "status", "containerStatuses", 0);
      const restarts = Number(at(before, "restartCount") ?? 0);
      const terminated = { ...endedState(1), containerID: at(before, "containerID") };
      await setStatus(pod, {
        containerStatuses: [
          { ...runningContainer(nowText()), restartCount: restarts + 1, lastState: { terminated } },
        ],
      });
    },
    finish: async (pod, phase) => {
      const state = { terminated: endedState(phase === "Succeeded" ? 0 : 1) };
      await setStatus(pod, {
        phase,
        conditions: conditions("False", nowText()),
        containerStatuses: [{ ...runningContainer(nowText()), ready: false, started: false, state }],
      });
    },
    beginDelete: (pod) => deleteObject(pod, {}),
    remove: (pod) => deleteObject(pod, { gracePeriodSeconds: 0 }),
    deletePod: async (pod) => {
      await kubelet.beginDelete(pod);
      await kubelet.remove(pod);
    },
  };
  return kubelet;
}

function pathOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

function podObject(spec: PodSpec): unknown {
  const {
    namespace,
    name,
    node,
    labels = {},
    annotations = {},
    serviceAccount = "default",
    hostNetwork = false,
  } = spec;
  return {
    metadata: { namespace, name, labels, annotations, ownerReferences: spec.ownerReferences ?? [] },
    spec: {
      nodeName: node,
      hostNetwork,
      serviceAccountName: serviceAccount,
      containers: [{ name: "app", image }],
      ...spec.spec,
    },
  };
}

/** A pod of the host's network has the address of its node. */
function addressFor({ hostNetwork = false, node }: PodSpec): string {
  if (hostNetwork) return hostAddress(node);
  addresses += 1;
  return `10.244.${Math.floor(addresses / 250) % 250}.${(addresses % 250) + 1}`;
}

/** The same address for the same node name. */
function hostAddress(node: string): string {
  const sum = Buffer.from(node).reduce((hash, byte) => (hash * 31 + byte) % 62_500, 7);
  return `10.1.${Math.floor(sum / 250)}.${(sum % 250) + 1}`;
}

function runningStatus(pod: StartedPod, startTime: string): unknown {
  const hostIP = hostAddress(pod.node);
  return {
    phase: "Running",
    podIP: pod.ip,
    podIPs: [{ ip: pod.ip }],
    hostIP,
    hostIPs: [{ ip: hostIP }],
    startTime,
    conditions: conditions("True", startTime),
    containerStatuses: [runningContainer(startTime)],
  };
}

function conditions(ready: "True" | "False", lastTransitionTime: string): readonly unknown[] {
  const steady = ["PodScheduled", "PodReadyToStartContainers", "Initialized"];
  return [
    ...steady.map((type) => ({ type, status: "True", lastTransitionTime })),
    ...["ContainersReady", "Ready"].map((type) => ({ type, status: ready, lastTransitionTime })),
  ];
}

function runningContainer(startedAt: string): Readonly<Record<string, unknown>> {
  return {
    name: "app",
    image,
    imageID: `${image}@sha256:${"0".repeat(64)}`,
    containerID: `containerd://${randomBytes(32).toString("hex")}`,
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt } },
  };
}

function endedState(exitCode: number): Readonly<Record<string, unknown>> {
  const finishedAt = nowText();
  return { exitCode, reason: exitCode === 0 ? "Completed" : "Error", startedAt: finishedAt, finishedAt };
}

/** metav1.Time has whole seconds. */
function nowText(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
