import { SocketAddress, isIPv4, isIPv6 } from "node:net";

import { keyOf } from "../engine/cluster-document.ts";
import type { Key, Pod } from "../engine/resources.ts";
import type { Resources } from "./ports.ts";

/** Who owns a source address. */
type Caller =
  | { readonly kind: "pod"; readonly pod: Pod }
  | { readonly kind: "unknown" }
  | { readonly kind: "ambiguous" };

/** Finds the pod behind a source address; kept up to date by the store's changes. */
export interface CallerIndex {
  find(address: string): Caller;
  close(): void;
}

/**
 * Indexes the live pods of `node` (null: of all nodes) by address. Finished pods keep their address in
 * the API and hostNetwork pods have the node's, so neither is a caller (reference/reliability.md N3).
 */
export function createCallerIndex(deps: {
  readonly resources: Resources;
  readonly node: string | null;
}): CallerIndex {
  const { resources, node } = deps;
  const addressesOf = new Map<Key, readonly string[]>();
  const podsAt = new Map<string, Map<Key, Pod>>();

  const remove = (key: Key): void => {
    for (const address of addressesOf.get(key) ?? []) {
      const pods = podsAt.get(address);
      pods?.delete(key);
      if (pods?.size === 0) podsAt.delete(address);
    }
    addressesOf.delete(key);
  };
  const put = (key: Key, pod: Pod): void => {
    addressesOf.set(key, pod.addresses);
    for (const address of pod.addresses) {
      podsAt.set(address, (podsAt.get(address) ?? new Map<Key, Pod>()).set(key, pod));
    }
  };
  const refresh = (key: Key): void => {
    remove(key);
    const pod = resources.get("Pod", key);
    if (pod !== undefined && isCaller(pod, node)) put(key, pod);
  };

  for (const pod of resources.list("Pod")) refresh(keyOf(pod));
  const close = resources.subscribe((change) => {
    if (change.kind === "Pod") refresh(change.key);
  });
  return { find: (address) => callerOf(podsAt.get(address)), close };
}

function callerOf(pods: ReadonlyMap<Key, Pod> | undefined): Caller {
  const [pod, ...others] = pods?.values() ?? [];
  if (pod === undefined) return { kind: "unknown" };
  return others.length > 0 ? { kind: "ambiguous" } : { kind: "pod", pod };
}

function isCaller(pod: Pod, node: string | null): boolean {
  const isFinished = pod.phase === "Succeeded" || pod.phase === "Failed";
  return !isFinished && !pod.hostNetwork && (node === null || pod.node === node);
}

/**
 * One spelling per address: IPv4-mapped IPv6 becomes IPv4, other IPv6 its shortest lower-case form,
 * without zone id (reference/reliability.md S18). Undefined when `text` is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  const address = text.replace(/%.*$/s, "");
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return undefined;
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  const mapped = canonical.replace(/^::ffff:/, "");
  return isIPv4(mapped) ? mapped : canonical;
}
