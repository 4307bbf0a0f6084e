import { readFileSync } from "node:fs";
import { isIPv4, isIPv6, SocketAddress } from "node:net";
import { endianness } from "node:os";

import type { Clock } from "../runtime/clock.ts";
import type { InterfaceBehind } from "./interface-memory.ts";

/** Reads a file of the kernel's; they are made in memory and never block. */
type ReadText = (path: string) => string;

/** Index of the column that holds it in /proc/net/route, and in /proc/net/ipv6_route. */
const columns = {
  ipv4: { device: 0, destination: 1, mask: 7, wholeMask: "FFFFFFFF" },
  ipv6: { device: 9, destination: 0, mask: 1, wholeMask: "80" },
} as const;

/**
 * Sees which interface the node's own route to an address leads to, by name and index: the kernel never gives an
 * index twice, so a pod that came after another has a different one. Only network plugins that route each pod by
 * itself (Azure CNI, Calico) can be seen so; behind a bridge (kubenet) or eBPF there is no such route: null.
 */
export function createNodeInterfaces(
  clock: Clock,
  readText: ReadText = (path) => readFileSync(path, "latin1"),
): InterfaceBehind {
  const ipv4Routes = readSeldom(clock, () => readText("/proc/net/route"));
  const ipv6Routes = readSeldom(clock, () => readText("/proc/net/ipv6_route"));
  return (address) => {
    try {
      const device = isIPv4(address)
        ? deviceIn(ipv4Routes(), ipv4Hex(address), columns.ipv4)
        : isIPv6(address)
          ? deviceIn(ipv6Routes(), ipv6Hex(address), columns.ipv6)
          : null;
      return device === null ? null : `${device}#${readText(`/sys/class/net/${device}/ifindex`).trim()}`;
    } catch {
      // An interface that goes while it is looked at, or a system without these files.
      return null;
    }
  };
}

/** The table costs 200 µs with a full node's 110 routes, an index 16 µs; no pod is replaced within this time. */
const tableAgeMs = 10;

function readSeldom(clock: Clock, read: () => string): () => string {
  let last: { readonly text: string; readonly atMs: number } | null = null;
  return () => {
    const nowMs = clock.monotonicMs();
    if (last === null || nowMs - last.atMs >= tableAgeMs) last = { text: read(), atMs: nowMs };
    return last.text;
  };
}

function deviceIn(
  table: string,
  destination: string,
  { device, mask, wholeMask, ...at }: (typeof columns)[keyof typeof columns],
): string | null {
  for (let from = table.indexOf(destination); from >= 0; from = table.indexOf(destination, from + 1)) {
    const end = table.indexOf("\n", from);
    const line = table.slice(table.lastIndexOf("\n", from) + 1, end < 0 ? undefined : end);
    const fields = line.trim().split(/\s+/);
    if (fields[at.destination] === destination && fields[mask] === wholeMask) return fields[device] ?? null;
  }
  return null;
}

/** As the kernel prints it: the address in network order, read as a number of this machine. */
function ipv4Hex(address: string): string {
  const bytes = address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return (endianness() === "LE" ? bytes.toReversed() : bytes).join("").toUpperCase();
}

function ipv6Hex(address: string): string {
  const { address: canonical } = new SocketAddress({ address, family: "ipv6" });
  const [before = [], after = []] = canonical.split("::").map(groupsOf);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join("");
}

function groupsOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(":");
}
