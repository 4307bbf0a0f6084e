import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { isIPv4 } from "node:net";

import { removeIptablesRules } from "../../nmi/redirect/iptables-backend.ts";
import { guardForward } from "../../nmi/redirect/forward-guard.ts";
import { asksForKubenet } from "../../nmi/redirect/kubenet.ts";
import { removeNftRules } from "../../nmi/redirect/nft-backend.ts";
import type { RedirectMode } from "../../nmi/redirect/choice.ts";
import { createNodeRules, type NodeRules } from "../../nmi/redirect/node-rules.ts";
import { RedirectError } from "../../nmi/redirect/errors.ts";
import type { Commands, Terms } from "../../nmi/redirect/ports.ts";
import { createSystemClock } from "../../runtime/clock.ts";
import { createLog } from "../../runtime/log.ts";
import { toError } from "../../runtime/to-error.ts";
import { readEnvironment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { commonFlags, nmiFlags } from "./flags.ts";
import type { ParsedFlags } from "./go-flags.ts";
import { createNodeCommands } from "./node-commands.ts";

/** What stands between pods and the metadata service, and where the agent has to listen for it. */
export interface NodeNetwork extends Pick<NodeRules, "problem" | "note" | "countIn" | "close"> {
  readonly host: string;
}

/** The reference's default is 60 s (reference/reliability.md N5: 5 s is enough). */
const longestLookSeconds = 5;

/**
 * Keeps the node's pods from the metadata service, then does `start`, which may refuse to: whatever keeps an agent from
 * starting, pods then do not reach the real service. With the redirect off nothing is touched.
 * @throws what `start` does; a CommandError says in addition what stands meanwhile.
 */
export async function startBehindGuard<T>(
  flags: ParsedFlags,
  start: () => Promise<T>,
  commands = nodeCommands(),
): Promise<T> {
  const mode = readMode(flags);
  if (mode === "off") return start();
  const address = flags.get(nmiFlags["metadata-ip"]);
  const port = flags.get(nmiFlags["metadata-port"]);
  // Of an address that cannot be no rule can be made; pods know the real service by its own all the same.
  const metadata = { address: isIPv4(address) ? address : nmiFlags["metadata-ip"].initial, port };
  const trouble = await guardForward(commands, metadata, mode);
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const stands =
      trouble === null
        ? "Meanwhile this node's pods are kept from the metadata service; podid nmi --remove-rules opens it"
        : `This node's pods may reach the real metadata service: ${trouble}`;
    throw new CommandError(error.exitCode, `${error.message}. ${stands}`, { cause: error });
  }
}

/**
 * Puts the node's rules in place. With the redirect off nothing is touched.
 * @throws CommandError 2 for flags that cannot be, or a node with kubenet.
 */
export async function startNodeNetwork(flags: ParsedFlags): Promise<NodeNetwork> {
  const mode = readMode(flags);
  if (mode === "off") {
    const host = flags.get(nmiFlags["nmi-listen-address"]);
    return {
      host,
      problem: () => null,
      note: () => null,
      countIn: () => undefined,
      close: () => Promise.resolve(),
    };
  }
  await refuseKubenet(flags);
  const terms = await readTerms(flags);
  const clock = createSystemClock();
  const lookSeconds = Math.min(flags.get(nmiFlags["ipt-update-interval-sec"]), longestLookSeconds);
  const rules = createNodeRules({
    clock,
    log: createLog({ clock, level: flags.get(commonFlags["log-level"]), component: "nmi" }),
    commands: nodeCommands(),
    terms,
    mode,
    checkEveryMs: Math.max(1, lookSeconds) * 1000,
  });
  await rules.start();
  return {
    host: terms.agent.address,
    problem: () => rules.problem(),
    note: () => rules.note(),
    countIn: (metrics) => rules.countIn(metrics),
    close: () => rules.close(),
  };
}

/**
 * Takes the rules away, whatever program made them.
 * @throws CommandError 3 when some may still be there.
 */
export async function removeNodeRules(print: (text: string) => void): Promise<void> {
  const commands = nodeCommands();
  const nft = await outcomeOf(removeNftRules(commands));
  const iptables = await outcomeOf(removeIptablesRules(commands));
  const faults = [nft, iptables].filter((error) => error !== null);
  // A program that is not there has made no rules, but one of the two has to be.
  const left = faults.filter(({ code }) => code !== "missing" || faults.length === 2);
  if (left.length > 0) {
    const problems = left.map(({ message }) => message).join("; ");
    throw new CommandError(3, `podid nmi: rules may still be there: ${problems}`, { cause: left[0] });
  }
  print("podid's rules are not on this node any more: its pods reach the real metadata service");
}

async function outcomeOf(removal: Promise<void>): Promise<RedirectError | null> {
  try {
    await removal;
    return null;
  } catch (error) {
    if (error instanceof RedirectError) return error;
    throw error;
  }
}

function nodeCommands(): Commands {
  return createNodeCommands(readEnvironment().path ?? "");
}

/** In a pod of its own the agent redirects; one that somebody tries out with files at hand does not. */
function readMode(flags: ParsedFlags): RedirectMode | "off" {
  const given = flags.get(nmiFlags.redirect);
  if (given !== "") return given;
  const isPod = flags.get(commonFlags.kubeconfig) === "" && flags.get(commonFlags.manifests) === "";
  return isPod ? "auto" : "off";
}

/** @throws CommandError 2 as the reference, also when it cannot be told. */
async function refuseKubenet(flags: ParsedFlags): Promise<void> {
  if (flags.get(nmiFlags["allow-network-plugin-kubenet"])) return;
  const path = flags.get(nmiFlags["kubelet-config"]);
  const config = await readFile(path, "utf8").catch((cause: unknown) => {
    const problem = toError(cause).message;
    throw refuse(
      `whether this node has kubenet cannot be told from --kubelet-config: ${problem}. If it has not, give --allow-network-plugin-kubenet`,
      { cause },
    );
  });
  if (asksForKubenet(config)) {
    throw refuse(
      `this node has kubenet (${path}), where a pod with NET_RAW can take another's address and so its identity: see docs/node-network.md. To work there all the same, give --allow-network-plugin-kubenet`,
    );
  }
}

/** @throws CommandError 2 for what no rule can be made of. */
async function readTerms(flags: ParsedFlags): Promise<Terms> {
  const metadata = {
    address: flags.get(nmiFlags["metadata-ip"]),
    port: flags.get(nmiFlags["metadata-port"]),
  };
  if (!isIPv4(metadata.address)) throw refuse("--metadata-ip has to be an IPv4 address");
  const port = flags.get(nmiFlags["nmi-port"]);
  if (port === 0 || metadata.port === 0) throw refuse("a redirect needs --nmi-port and --metadata-port");
  return { metadata, agent: { address: await agentAddress(flags, metadata), port } };
}

/**
 * An address of the node that pods' packets can be led to. Not loopback: that takes route_localnet, which opens the
 * node's loopback services to its neighbours (CVE-2020-8558). Not all addresses either: the agent has no business at
 * the others.
 */
async function agentAddress(flags: ParsedFlags, metadata: Terms["metadata"]): Promise<string> {
  const flag = nmiFlags["nmi-listen-address"];
  const given = flags.get(flag);
  const isOpen = !flags.has(flag) || given === "0.0.0.0" || given === "::" || given === "";
  const address = isOpen ? (readEnvironment().hostIP ?? (await addressTowards(metadata))) : given;
  if (!isIPv4(address) || address.startsWith("127.")) {
    throw refuse(
      `pods are led to an IPv4 address of the node that is not loopback, ${JSON.stringify(address)} is none: set HOST_IP or --nmi-listen-address, or give --redirect=off`,
    );
  }
  return address;
}

/** The address that this node would send from; nothing is sent. */
async function addressTowards({ address, port }: Terms["metadata"]): Promise<string> {
  const socket = createSocket("udp4");
  try {
    const connected = once(socket, "connect");
    socket.connect(port, address);
    await connected;
    return socket.address().address;
  } catch (cause) {
    const problem = toError(cause).message;
    throw refuse(
      `no address of this node is known, for it has no route to ${address} (${problem}): set HOST_IP or --nmi-listen-address`,
      { cause },
    );
  } finally {
    socket.close();
  }
}

function refuse(problem: string, options?: ErrorOptions): CommandError {
  return new CommandError(2, `podid nmi: ${problem}`, options);
}
