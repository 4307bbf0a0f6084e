import { markOf } from "./generation.ts";
import type { Terms } from "./ports.ts";

export interface TableName {
  readonly family: "inet" | "ip";
  readonly name: string;
}

/**
 * Two tables, so that whoever deletes one leaves the other: without the redirect the guard refuses, without the
 * guard the redirect leads to the agent.
 */
export const ownTables = [
  { family: "inet", name: "podid_guard" },
  { family: "ip", name: "podid_redirect" },
] as const satisfies readonly TableName[];

export interface NftTable extends TableName {
  /** One transaction that leaves exactly this table, whatever stood there, without an instant in between. */
  readonly script: string;
}

/** Both, marked as of this generation, in the order in which they are to be installed. */
export function planTables(terms: Terms, generation: number): readonly [guard: NftTable, redirect: NftTable] {
  const [guard, redirect] = ownTables;
  const mark = `comment "${markOf(generation)}"`;
  return [
    { ...guard, script: replace(guard, [...guardForward(terms, mark), ...guardPort(terms)]) },
    { ...redirect, script: replace(redirect, translate(terms, mark)) },
  ];
}

/** The guard of what is forwarded alone, of no agent's generation: each that starts or lives puts its own in its place. */
export function planForwardGuard(metadata: Terms["metadata"]): NftTable {
  const [guard] = ownTables;
  const mark = `comment "${markOf(0)}"`;
  return { ...guard, script: replace(guard, guardForward({ metadata }, mark)) };
}

/** One transaction that leaves neither table, and takes it well when there is none. */
export function planRemoval(): string {
  return ownTables.map(({ family, name }) => remove(`${family} ${name}`)).join("");
}

function replace({ family, name }: TableName, body: readonly string[]): string {
  return `${remove(`${family} ${name}`)}${[`table ${family} ${name} {`, ...body, "}", ""].join("\n")}`;
}

/** Deleting needs a table that is there, hence the empty one before it. */
function remove(table: string): string {
  return `table ${table}\ndelete table ${table}\n`;
}

/**
 * What is forwarded to the metadata address was not redirected, whatever the reason: no redirect, a connection of
 * before, another's DNAT. Earlier than the filter chains of others, though their accepting would not end this one.
 * The service is IPv4 only; the IPv6 spellings of its address would need a translator, and get none.
 */
function guardForward({ metadata }: Pick<Terms, "metadata">, mark: string): readonly string[] {
  const { address } = metadata;
  return [
    "  chain forward {",
    "    type filter hook forward priority -10; policy accept;",
    `    ip daddr ${address} meta l4proto tcp reject with tcp reset ${mark}`,
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
function translate({ metadata, agent }: Terms, mark: string): readonly string[] {
  return [
    "  chain prerouting {",
    "    type nat hook prerouting priority -110; policy accept;",
    `    ip daddr ${metadata.address} tcp dport ${metadata.port} dnat to ${agent.address}:${agent.port} ${mark}`,
    "  }",
  ];
}

/** IPv4-mapped (RFC 4291 §2.5.5.2) and by way of NAT64's well-known prefix (RFC 6052 §2.1), as nft reads them. */
function inIPv6(address: string): readonly string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  const low = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  return [`::ffff:${low}`, `64:ff9b::${low}`];
}
