import type { Terms } from "./ports.ts";

export interface NftTable {
  readonly family: "inet" | "ip";
  readonly name: string;
  /** One transaction that leaves exactly this table, whatever stood there, without an instant in between. */
  readonly script: string;
}

/**
 * Two tables, so that whoever deletes one leaves the other: without the redirect the guard refuses, without the
 * guard the redirect leads to the agent. In the order in which they are to be installed.
 */
export function planTables(terms: Terms): readonly [guard: NftTable, redirect: NftTable] {
  return [
    table("inet", "podid_guard", [...guardForward(terms), ...guardPort(terms)]),
    table("ip", "podid_redirect", redirect(terms)),
  ];
}

/** One transaction that leaves neither table, and takes it well when there is none. */
export function planRemoval(): string {
  return ["inet podid_guard", "ip podid_redirect"]
    .map((name) => `table ${name}\ndelete table ${name}\n`)
    .join("");
}

/** Deleting needs a table that is there, hence the empty one before it. */
function table(family: NftTable["family"], name: string, body: readonly string[]): NftTable {
  const full = `${family} ${name}`;
  const script = [`table ${full}`, `delete table ${full}`, `table ${full} {`, ...body, "}", ""].join("\n");
  return { family, name, script };
}

/**
 * What is forwarded to the metadata address was not redirected, whatever the reason: no redirect, a connection of
 * before, another's DNAT. Earlier than the filter chains of others, though their accepting would not end this one.
 * The service is IPv4 only; the IPv6 spellings of its address would need a translator, and get none.
 */
function guardForward({ metadata }: Terms): readonly string[] {
  const { address } = metadata;
  return [
    "  chain forward {",
    "    type filter hook forward priority -10; policy accept;",
    `    ip daddr ${address} meta l4proto tcp reject with tcp reset`,
    `    ip daddr ${address} reject with icmpx type admin-prohibited`,
    `    ip6 daddr { ${inIPv6(address).join(", ")} } reject with icmpx type admin-prohibited`,
    "  }",
  ];
}

/**
 * The agent's port takes what was meant for the metadata address, and the node's own calls over loopback. A list of
 * what may pass, so that a packet that is not tracked does not.
 */
function guardPort({ metadata, agent }: Terms): readonly string[] {
  const meantForMetadata = `ct original ip daddr ${metadata.address} ct original proto-dst ${metadata.port}`;
  return [
    "  chain port {",
    "    type filter hook input priority -10; policy accept;",
    "    meta l4proto != tcp accept",
    `    tcp dport != ${agent.port} accept`,
    '    iif "lo" ip daddr 127.0.0.0/8 accept',
    '    iif "lo" ip6 daddr ::1 accept',
    `    tcp dport ${agent.port} ${meantForMetadata} accept`,
    "    meta l4proto tcp reject with tcp reset",
    "  }",
  ];
}

/** Before kube-proxy's and the network plugin's chains, which are at -100: of several, the first to translate wins. */
function redirect({ metadata, agent }: Terms): readonly string[] {
  return [
    "  chain prerouting {",
    "    type nat hook prerouting priority -110; policy accept;",
    `    ip daddr ${metadata.address} tcp dport ${metadata.port} dnat to ${agent.address}:${agent.port}`,
    "  }",
  ];
}

/** IPv4-mapped (RFC 4291 §2.5.5.2) and by way of NAT64's well-known prefix (RFC 6052 §2.1). */
function inIPv6(address: string): readonly string[] {
  return [`::ffff:${address}`, `64:ff9b::${address}`];
}
