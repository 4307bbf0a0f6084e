import { createHash } from "node:crypto";

import type { Node, Pod } from "./resources.ts";

/** The node of pods in a folder that names none. Its VM exists in no subscription but the emulator's. */
const localNode: Node = {
  name: "local",
  labels: {},
  providerID:
    "azure:///subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Compute/virtualMachines/local",
};

/**
 * What scheduler, network plugin and kubelet would add to pods that were written by hand: a node, the
 * phase Running, an address. What the manifest says is kept. startTime is never invented: a restart
 * of podid would then start durations anew.
 *
 * Pods keep node and address of `previous` while they can. Node: the first by name, or "local" when
 * `nodes` is empty. Addresses: 127.64.0.0/10, derived from the pod's key, so that they are the same
 * after a restart; on Linux a client can bind them without further ado. Pods with hostNetwork get no
 * address, for they have their node's.
 */
export function placePods(
  pods: ReadonlyMap<string, Pod>,
  nodes: ReadonlyMap<string, Node>,
  previous: ReadonlyMap<string, Pod>,
): { readonly pods: ReadonlyMap<string, Pod>; readonly nodes: ReadonlyMap<string, Node> } {
  const served = nodes.size > 0 ? nodes : new Map([[localNode.name, localNode]]);
  const firstNode = [...served.keys()].toSorted()[0] ?? localNode.name;
  const addresses = inventAddresses(pods, previous);
  const placed = [...pods].map(([key, pod]): [string, Pod] => {
    const before = previous.get(key)?.node ?? "";
    const home = served.has(before) ? before : firstNode;
    const address = addresses.get(key);
    return [
      key,
      {
        ...pod,
        node: pod.node || home,
        phase: pod.phase || "Running",
        addresses: address === undefined ? pod.addresses : [address],
      },
    ];
  });
  return { pods: new Map(placed), nodes: served };
}

function inventAddresses(
  pods: ReadonlyMap<string, Pod>,
  previous: ReadonlyMap<string, Pod>,
): ReadonlyMap<string, string> {
  const taken = new Set([...pods.values()].flatMap(({ addresses }) => addresses));
  const homeless = [...pods]
    .filter(([, pod]) => pod.addresses.length === 0 && !pod.hostNetwork)
    .map(([key]) => key)
    .toSorted();
  const invented = new Map<string, string>();
  const take = (key: string, address: string): void => {
    taken.add(address);
    invented.set(key, address);
  };
  for (const key of homeless) {
    const before = previous.get(key)?.addresses[0];
    if (before !== undefined && isInvented(before) && !taken.has(before)) take(key, before);
  }
  for (const key of homeless.filter((one) => !invented.has(one))) {
    for (let attempt = 0; !invented.has(key); attempt += 1) {
      const address = addressOf(`${key}#${attempt}`);
      if (!taken.has(address)) take(key, address);
    }
  }
  return invented;
}

/** 127.64.0.0/10: ten bits are given, the other 22 come from the hash. */
function addressOf(text: string): string {
  const hash = createHash("sha256").update(text).digest();
  return `127.${64 + (hash.readUInt8(0) % 64)}.${hash.readUInt8(1)}.${hash.readUInt8(2)}`;
}

function isInvented(address: string): boolean {
  const [first, second] = address.split(".").map(Number);
  return first === 127 && second !== undefined && second >= 64 && second < 128;
}
