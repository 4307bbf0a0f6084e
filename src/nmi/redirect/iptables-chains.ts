import { markOf } from "./generation.ts";
import type { Terms } from "./ports.ts";

export const tableNames = ["filter", "nat"] as const;
export type TableName = (typeof tableNames)[number];

/** One of our chains, and the built-in chain whose first rule leads to it. */
interface Chain {
  readonly name: string;
  readonly from: "FORWARD" | "INPUT" | "PREROUTING";
  readonly rules: readonly string[];
}

export interface IptablesTable {
  readonly name: TableName;
  readonly chains: readonly Chain[];
}

const [guardChain, portChain, redirectChain] = ["PODID-GUARD", "PODID-PORT", "PODID-REDIRECT"] as const;
const chainNames = { filter: [guardChain, portChain], nat: [redirectChain] } as const;

/** The same two as in nftables, in the order in which they are to be installed. */
export function planChains(
  { metadata, agent }: Terms,
  generation: number,
): readonly [guard: IptablesTable, redirect: IptablesTable] {
  const mark = `-m comment --comment "${markOf(generation)}"`;
  const toMetadata = `-d ${metadata.address}/32`;
  const toAgent = `-p tcp --dport ${agent.port}`;
  const meantForMetadata = `-m conntrack --ctorigdst ${metadata.address} --ctorigdstport ${metadata.port}`;
  const forward = [
    `${toMetadata} -p tcp ${mark} -j REJECT --reject-with tcp-reset`,
    `${toMetadata} -j REJECT --reject-with icmp-admin-prohibited`,
  ];
  const port = [
    `-i lo -d 127.0.0.0/8 -j RETURN`,
    `${toAgent} ${meantForMetadata} -j RETURN`,
    `${toAgent} -j REJECT --reject-with tcp-reset`,
  ];
  const target = `${agent.address}:${agent.port}`;
  const prerouting = [
    `${toMetadata} -p tcp --dport ${metadata.port} ${mark} -j DNAT --to-destination ${target}`,
  ];
  return [
    {
      name: "filter",
      chains: [
        { name: guardChain, from: "FORWARD", rules: forward },
        { name: portChain, from: "INPUT", rules: port },
      ],
    },
    { name: "nat", chains: [{ name: redirectChain, from: "PREROUTING", rules: prerouting }] },
  ];
}

/** The guard of what is forwarded alone, of no agent's generation. */
export function planForwardGuard(metadata: Terms["metadata"]): IptablesTable {
  // The chain from FORWARD is not about the agent.
  const [{ name, chains }] = planChains({ metadata, agent: metadata }, 0);
  return { name, chains: chains.filter(({ from }) => from === "FORWARD") };
}

/** Whether each chain has as many rules as planned and is jumped to first. */
export function hasAllRules(table: IptablesTable, listing: string): boolean {
  const own = readOwnPart(table, listing).split("\n");
  const planned = table.chains.reduce((lines, { rules }) => lines + rules.length + 2, 0);
  return own.length === planned && !own.includes("not first");
}

/**
 * The part of `iptables -S` that is ours: the chains' rules as they stand, and whether each is jumped to first, since
 * here, unlike in nftables, what stands before a rule can keep a packet from it.
 */
export function readOwnPart({ chains }: IptablesTable, listing: string): string {
  const lines = listing.split("\n");
  return chains
    .flatMap(({ name, from }) => {
      const first = lines.find((line) => line.startsWith(`-A ${from} `));
      const own = lines.filter((line) => line === `-N ${name}` || line.startsWith(`-A ${name} `));
      return [...own, first === jump(from, name) ? "first" : "not first"];
    })
    .join("\n");
}

/** What iptables-restore --noflush does in one step: our chains as planned, each jumped to once, first of all. */
export function planInstall({ name: table, chains }: IptablesTable, listing: string): string {
  const commands = chains.flatMap(({ name, from, rules }) => [
    ...jumpsIn(listing, name).map(remove),
    ...rules.map((rule) => `-A ${name} ${rule}`),
    `-I ${from} 1 -j ${name}`,
  ]);
  return [`*${table}`, ...chains.map(({ name }) => `:${name} - [0:0]`), ...commands, "COMMIT", ""].join("\n");
}

/** What takes our chains out of a table; null when it has none. */
export function planChainRemoval(table: TableName, listing: string): string | null {
  const present = chainNames[table].filter((name) => listing.split("\n").includes(`-N ${name}`));
  if (present.length === 0) return null;
  const jumps = present.flatMap((name) => jumpsIn(listing, name).map(remove));
  const commands = [...jumps, ...present.map((name) => `-F ${name}`), ...present.map((name) => `-X ${name}`)];
  return [`*${table}`, ...commands, "COMMIT", ""].join("\n");
}

function jump(from: string, name: string): string {
  return `-A ${from} -j ${name}`;
}

/** Wherever they stand, and whoever added something to them. */
function jumpsIn(listing: string, name: string): readonly string[] {
  return listing.split("\n").filter((line) => line.startsWith("-A ") && line.endsWith(` -j ${name}`));
}

function remove(line: string): string {
  return line.replace(/^-A /, "-D ");
}
