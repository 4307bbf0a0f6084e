import { SocketAddress, isIPv4, isIPv6 } from "node:net";

import { keyOf } from "../engine/cluster-document.ts";
import type { Key, Pod } from "../engine/resources.ts";
import type { Clock } from "../runtime/clock.ts";
import { parseInstant, toMs } from "../timebox/instant.ts";
import { createInterfaceMemory, type InterfaceBehind, type InterfaceMemory } from "./interface-memory.ts";
import type { Resources } from "./ports.ts";

/** Who owns a source address. */
type Caller =
  | { readonly kind: "pod"; readonly pod: Pod }
  /** The node's own address: any of its processes, hostNetwork pods among them. */
  | { readonly kind: "hostNetwork" }
  | { readonly kind: "unknown" }
  | { readonly kind: "ambiguous" };

/** Finds the pod behind a source address; kept up to date by the store's changes. */
export interface CallerIndex {
  find(address: string): Caller;
  close(): void;
}

/** A pod that may send from an address, by what the API server has told of it. */
interface Claim {
  readonly pod: Pod;
  readonly behind: InterfaceMemory;
}

/**
 * Indexes the live pods of `node` (null: of all nodes) by address. Finished pods keep their address in the API, and
 * so do pods whose grace is over, so neither is a caller (reference/reliability.md N3). A pod is itself by its UID:
 * whoever asks again must compare that. What the API server has not told yet, the node's network may show: an
 * address that moved to another interface is nobody's until the API server says whose it is (N1).
 * @param deps.interfaceBehind by default nothing is known of the network, and addresses are believed.
 */
export function createCallerIndex(deps: {
  readonly clock: Clock;
  readonly resources: Resources;
  readonly node: string | null;
  readonly interfaceBehind?: InterfaceBehind | undefined;
}): CallerIndex {
  const { clock, resources, node, interfaceBehind = () => null } = deps;
  const claimsAt = new Map<string, Map<Key, Claim>>();
  const addressesOf = new Map<Key, readonly string[]>();
  const remember = (address: string): InterfaceMemory =>
    createInterfaceMemory({ clock, resources, behind: () => interfaceBehind(address) });

  const claim = (key: Key, pod: Pod, address: string): void => {
    const claims = claimsAt.get(address) ?? new Map<Key, Claim>();
    const known = claims.get(key);
    const behind = known?.pod.uid === pod.uid ? known.behind : remember(address);
    claimsAt.set(address, claims.set(key, { pod, behind }));
  };
  const drop = (key: Key, address: string): void => {
    const claims = claimsAt.get(address);
    claims?.delete(key);
    if (claims?.size === 0) claimsAt.delete(address);
  };
  const refresh = (key: Key): void => {
    const before = addressesOf.get(key) ?? [];
    const pod = resources.get("Pod", key);
    const now = pod === undefined ? [] : addressesOfCaller(pod, node);
    for (const address of before) if (!now.includes(address)) drop(key, address);
    if (pod !== undefined) for (const address of now) claim(key, pod, address);
    if (now.length > 0) addressesOf.set(key, now);
    else addressesOf.delete(key);
  };

  for (const pod of resources.list("Pod")) refresh(keyOf(pod));
  const close = resources.subscribe((change) => {
    if (change.kind === "Pod") refresh(change.key);
  });
  return { find: (address) => ownerAmong(claimsAt.get(address), clock.nowMs()), close };
}

function ownerAmong(claims: ReadonlyMap<Key, Claim> | undefined, nowMs: number): Caller {
  const live = [...(claims?.values() ?? [])].filter(({ pod }) => !isOver(pod, nowMs));
  const [claim, ...others] = live;
  if (claim === undefined) return { kind: "unknown" };
  if (live.every(({ pod }) => pod.hostNetwork)) return { kind: "hostNetwork" };
  if (others.length > 0) return { kind: "ambiguous" };
  return claim.behind.isUnmoved() ? { kind: "pod", pod: claim.pod } : { kind: "unknown" };
}

/** Whether a pod is one of `node` (null: of any) and has not finished. */
export function isPlaced(pod: Pod, node: string | null): boolean {
  const isFinished = pod.phase === "Succeeded" || pod.phase === "Failed";
  return !isFinished && (node === null || pod.node === node);
}

/** A deleted pod runs on, and may need tokens to end well, until its grace is over: what its deletion names. */
export function isOver({ deletionTimestamp }: Pod, nowMs: number): boolean {
  if (deletionTimestamp === undefined) return false;
  const end = parseInstant(deletionTimestamp);
  return end === undefined || nowMs >= toMs(end);
}

/** Where a pod may send from; none when it has finished, or is no pod of `node`. */
function addressesOfCaller(pod: Pod, node: string | null): readonly string[] {
  if (!isPlaced(pod, node)) return [];
  return [...new Set(pod.addresses.map((address) => canonicalAddress(address) ?? address))];
}

/**
 * One spelling per address: IPv4-mapped IPv6 becomes IPv4, other IPv6 its shortest lower-case form,
 * without zone id (reference/reliability.md S18). Undefined when `text` is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const address = text.replace(/%.*$/s, "");
  if (!isIPv6(address)) return undefined;
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  const mapped = canonical.replace(/^::ffff:/, "");
  return isIPv4(mapped) ? mapped : canonical;
}
