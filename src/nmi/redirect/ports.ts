import type { Cancel } from "../../runtime/clock.ts";

type Program = "nft" | "iptables" | "iptables-restore" | "conntrack";

export type CommandResult =
  | { readonly kind: "done"; readonly output: string }
  /** Ended with an error, or too late. */
  | { readonly kind: "failed"; readonly problem: string }
  | { readonly kind: "missing" };

/** The programs of the node that change its network. */
export interface Commands {
  /** Runs a program to its end, with `input` as its standard input. Never rejects. */
  run(program: Program, args: readonly string[], input?: string): Promise<CommandResult>;
  /** Runs one that goes on; `onEnd` when it ended by itself or is not there. */
  follow(
    program: Program,
    args: readonly string[],
    on: { readonly line: (line: string) => void; readonly end: () => void },
  ): Cancel;
}

export type Outcome =
  | "intact"
  | "installed"
  /** The rules of an agent that started later, all there, or not and left to it for a while. */
  | "left to another"
  | "damaged, left to another";

/** One way to have rules in the kernel. */
export interface Backend {
  readonly name: "nft" | "iptables";
  /**
   * Puts in place what is missing or was altered, the guard before the redirect or with it; changes nothing where an
   * agent that started later has its rules, unless that agent does not repair them.
   * @throws RedirectError when that does not work; what stands by then stays.
   */
  ensure(): Promise<Outcome>;
}

/** What was put in place, and whether because the process is new, somebody had altered it, or a better way works now. */
export interface Installation {
  readonly backend: Backend["name"];
  readonly cause: "start" | "repair" | "change";
}

/** What the rules are about. */
export interface Terms {
  /** IPv4 address and port that pods know the metadata service by. */
  readonly metadata: { readonly address: string; readonly port: number };
  /** Where the agent listens: an IPv4 address of the node, never loopback. */
  readonly agent: { readonly address: string; readonly port: number };
}
