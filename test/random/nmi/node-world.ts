import type { JsonObject } from "../../../src/kubernetes/json.ts";
import { canonicalAddress, createCallerIndex } from "../../../src/nmi/caller.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createMemoryResources } from "../../unit/nmi/memory-resources.ts";
import { createApiHistory } from "./api-history.ts";

/** What can happen on a node; a number is taken modulo what there is. */
export type Step =
  | { readonly do: "start"; readonly name: number; readonly place: number; readonly hostNetwork: boolean }
  /** The sandbox ends and its address is free. The API server hears of it, and the watch of that. */
  | { readonly do: "end"; readonly pod: number; readonly as: "Succeeded" | "Failed" | "deleted" }
  /** Its sandbox is made anew, with the same address on another interface. */
  | { readonly do: "renew"; readonly pod: number }
  /** Somebody deletes the pod; it runs on for its grace. */
  | { readonly do: "terminate"; readonly pod: number }
  /** Somebody changes what does not matter. */
  | { readonly do: "touch"; readonly pod: number }
  | { readonly do: "tell"; readonly of: number; readonly times: number }
  | { readonly do: "relist" }
  | { readonly do: "pass"; readonly ms: number };

/** Both families, as the kubelet and as a socket may spell them. */
export const places = [
  { told: ["10.0.0.1", "FD00:0:0::1"], seen: ["::ffff:10.0.0.1", "fd00::1"] },
  { told: ["::ffff:10.0.0.2", "fd00::2"], seen: ["10.0.0.2", "fd00:0::2%azv0"] },
] as const;
const nodeAddress = "10.9.9.9";
const graceMs = 30_000;

/** A pod as it is, whatever anybody knows of it. */
interface TruePod {
  readonly uid: string;
  readonly key: string;
  readonly place: number;
  readonly hostNetwork: boolean;
  interfaceIndex: number;
  /** It has a sandbox, so that it can ask. */
  isRunning: boolean;
  isDeleted: boolean;
  content: JsonObject;
}

/** Who is served at each place, beside who is there. */
interface Seen {
  readonly owner: TruePod | null;
  /** UID; null: nobody, which is answered in a way that clients repeat. */
  readonly served: string | null;
}

export interface NodeWorld {
  /** Does nothing when the step is impossible now. */
  take(step: Step): void;
  look(): readonly Seen[];
  /** What the node's own address is taken for. */
  asksAsNode(): string;
  /** The API server tells all, and time passes. */
  settle(): void;
}

/** A planted fault. */
export interface Sabotage {
  readonly blindToInterfaces?: true;
  readonly index?: (deps: Parameters<typeof createCallerIndex>[0]) => ReturnType<typeof createCallerIndex>;
}

/** A node and its network under an API server's history; nothing is known of it yet. */
export function createNodeWorld({ blindToInterfaces, index: create }: Sabotage = {}): NodeWorld {
  const clock = createSimulatedClock(Date.parse("2026-06-14T12:00:00Z"));
  const resources = createMemoryResources();
  const api = createApiHistory(clock, resources);
  resources.ageSeconds = () => api.ageSeconds();
  const pods: TruePod[] = [];
  let count = 0;
  const ownerAt = (place: number): TruePod | null =>
    pods.find((pod) => pod.isRunning && !pod.hostNetwork && pod.place === place) ?? null;
  const interfaceBehind = (address: string): string | null => {
    const place = places.findIndex(({ told }) => told.some((one) => canonicalAddress(one) === address));
    const owner = ownerAt(place);
    return owner === null ? null : `veth#${owner.interfaceIndex}`;
  };
  const index = (create ?? createCallerIndex)({
    clock,
    resources,
    node: "node-1",
    interfaceBehind: blindToInterfaces ? undefined : interfaceBehind,
  });

  /**
   * An address is not given again while the first word of an earlier owner is still on its way: a watch that lags by
   * more than a pod's life cannot be told from one that does not (docs say so).
   */
  const start = ({ name, place, hostNetwork }: Extract<Step, { do: "start" }>): void => {
    const key = `shop/web-${name}`;
    const isPublishing = api.untold().some(({ uid }) => {
      const pod = pods.find((one) => one.uid === uid);
      return pod?.place === place && resources.get("Pod", pod.key)?.uid !== uid;
    });
    const isFree = hostNetwork || (ownerAt(place) === null && !isPublishing);
    if (api.uidOf(key) !== undefined || !isFree) return;
    const uid = `uid-${(count += 1)}`;
    const addresses: readonly string[] = hostNetwork ? [nodeAddress] : (places[place]?.told ?? []);
    const content = {
      metadata: { namespace: "shop", name: `web-${name}`, uid },
      spec: { nodeName: "node-1", hostNetwork },
      status: { phase: "Running", podIP: addresses[0] ?? "", podIPs: addresses.map((ip) => ({ ip })) },
    };
    const pod = {
      uid,
      key,
      place,
      hostNetwork,
      interfaceIndex: count,
      isRunning: true,
      isDeleted: false,
      content,
    };
    pods.push(pod);
    api.write("put", pod);
  };
  const change = (pod: TruePod, content: JsonObject): void => {
    pod.content = { ...pod.content, ...content };
    api.write("put", pod);
  };
  const end = (pod: TruePod, as: Extract<Step, { do: "end" }>["as"]): void => {
    pod.isRunning = false;
    if (as === "deleted") api.write("remove", pod);
    else change(pod, { status: { ...Object(pod.content["status"]), phase: as } });
  };
  const terminate = (pod: TruePod): void => {
    pod.isDeleted = true;
    const deletionTimestamp = new Date(clock.nowMs() + graceMs).toISOString();
    change(pod, { metadata: { ...Object(pod.content["metadata"]), deletionTimestamp } });
  };
  const podOf = (number: number): TruePod | undefined => {
    const known = pods.filter(({ key, uid }) => api.uidOf(key) === uid);
    return known[number % known.length];
  };
  const take = (step: Step): void => {
    if (step.do === "start") return start(step);
    if (step.do === "tell") return api.tellNext(step.of, step.times);
    if (step.do === "relist") return api.relist();
    if (step.do === "pass") return clock.advance(step.ms);
    const pod = podOf(step.pod);
    if (pod === undefined) return undefined;
    if (step.do === "end") return end(pod, step.as);
    if (step.do === "renew") return void (pod.interfaceIndex = count += 1);
    return step.do === "terminate" ? terminate(pod) : change(pod, {});
  };
  const servedAt = (address: string): string | null => {
    const caller = index.find(canonicalAddress(address) ?? address);
    return caller.kind === "pod" ? caller.pod.uid : null;
  };
  const look = (): readonly Seen[] =>
    places.flatMap(({ seen }, place) =>
      seen.map((address) => ({ owner: ownerAt(place), served: servedAt(address) })),
    );
  return {
    take,
    look,
    asksAsNode: () => index.find(nodeAddress).kind,
    settle: () => {
      api.relist();
      look();
      clock.advance(graceMs);
    },
  };
}
