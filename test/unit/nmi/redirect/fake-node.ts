import assert from "node:assert/strict";

import type { CommandResult, Commands } from "../../../../src/nmi/redirect/ports.ts";

/** A node's programs without a kernel: nft keeps what it was told last of each table, iptables one rule per line. */
export interface FakeNode {
  readonly commands: Commands;
  /** By "family name". */
  readonly tables: Map<string, string>;
  /** Lines of `iptables -S` by table. */
  readonly chains: Record<"filter" | "nat", readonly string[]>;
  /** Programs that are not there. */
  readonly missing: Set<string>;
  /** What nft answers in place of its work; null: it works. */
  nftProblem: string | null;
  /** As `nftProblem`, of iptables and iptables-restore. */
  iptablesProblem: string | null;
  /** In the order in which they ran. */
  readonly ran: string[];
  /** Those who follow `nft monitor`. */
  readonly followers: Set<(line: string) => void>;
  /** Does it as somebody else would, seen by followers. */
  harm(line: string, act: () => void): void;
}

const done = (output = ""): CommandResult => ({ kind: "done", output });

/** A node with both programs and empty tables. */
export function createFakeNode(): FakeNode {
  const node: FakeNode = {
    tables: new Map(),
    chains: {
      filter: ["-P INPUT ACCEPT", "-P FORWARD ACCEPT"],
      nat: ["-P PREROUTING ACCEPT"],
    },
    missing: new Set(),
    nftProblem: null,
    iptablesProblem: null,
    ran: [],
    followers: new Set(),
    harm: (line, act) => {
      act();
      for (const follower of node.followers) follower(line);
    },
    commands: {
      run: async (program, args, input = "") => {
        node.ran.push([program, ...args].join(" "));
        if (node.missing.has(program)) return { kind: "missing" };
        const answers = {
          nft: () => nft(node, args, input),
          iptables: () => unlessFailing(node, () => done(`${node.chains[tableOf(args)].join("\n")}\n`)),
          "iptables-restore": () => unlessFailing(node, () => restore(node, input)),
          conntrack: (): CommandResult => ({
            kind: "failed",
            problem: "conntrack v1.4.7: 0 flow entries have been deleted.",
          }),
        };
        return answers[program]();
      },
      follow: (_, __, { line }) => {
        node.followers.add(line);
        return () => void node.followers.delete(line);
      },
    },
  };
  return node;
}

function unlessFailing({ iptablesProblem }: FakeNode, act: () => CommandResult): CommandResult {
  return iptablesProblem === null ? act() : { kind: "failed", problem: iptablesProblem };
}

function tableOf(args: readonly string[]): "filter" | "nat" {
  return args.includes("nat") ? "nat" : "filter";
}

function nft(node: FakeNode, args: readonly string[], input: string): CommandResult {
  if (node.nftProblem !== null) return { kind: "failed", problem: node.nftProblem };
  if (args.includes("list")) {
    const table = node.tables.get(args.slice(-2).join(" "));
    return table === undefined ? { kind: "failed", problem: "No such file or directory" } : done(table);
  }
  for (const [, name = ""] of input.matchAll(/^delete table (.*)$/gm)) node.tables.delete(name);
  for (const [table, name = ""] of input.matchAll(/^table (.*) \{\n(?:.*\n)*?\}$/gm))
    node.tables.set(name, table);
  return done();
}

/** As iptables-restore --noflush: a declared chain is emptied, then one command after the other. */
function restore(node: FakeNode, input: string): CommandResult {
  const [, table = ""] = /^\*(\w+)$/m.exec(input) ?? [];
  assert.ok(table === "filter" || table === "nat");
  let rules = [...node.chains[table]];
  for (const line of input.split("\n")) {
    const [command = "", name = "", ...rest] = line.split(" ");
    const chain = command.startsWith(":") ? command.slice(1) : name;
    if (command.startsWith(":")) {
      rules = rules.filter((rule) => rule !== `-N ${chain}` && !rule.startsWith(`-A ${chain} `));
      rules.push(`-N ${chain}`);
    } else if (command === "-F") rules = rules.filter((rule) => !rule.startsWith(`-A ${chain} `));
    else if (command === "-X") rules = rules.filter((rule) => rule !== `-N ${chain}`);
    else if (command === "-A") rules.push(line);
    else if (command === "-I") insertFirst(rules, chain, `-A ${chain} ${rest.slice(1).join(" ")}`);
    else if (command === "-D") {
      const index = rules.indexOf(line.replace("-D ", "-A "));
      if (index < 0)
        return { kind: "failed", problem: "Bad rule (does a matching rule exist in that chain?)" };
      rules.splice(index, 1);
    }
  }
  node.chains[table] = rules;
  return done();
}

function insertFirst(rules: string[], chain: string, rule: string): void {
  const index = rules.findIndex((one) => one.startsWith(`-A ${chain} `));
  rules.splice(index < 0 ? rules.length : index, 0, rule);
}
