import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A network of its own, with nothing in it but what is put there. */
export interface NetworkNamespace {
  /** What to run a program with, and in front of its arguments, so that this is its network. */
  readonly enter: readonly string[];
  readonly pid: number;
  /** Runs `ip` in it with these arguments, separated by spaces. */
  ip(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Why private networks cannot be made here; false when they can. */
export async function whyNoNamespaces(): Promise<string | false> {
  if (process.platform !== "linux") return "network namespaces are Linux";
  try {
    await execute("unshare", ["--net", "ip", "link", "set", "lo", "up"]);
    return false;
  } catch {
    return "needs root (or CAP_NET_ADMIN and CAP_SYS_ADMIN), unshare and ip";
  }
}

/** Opens one. It ends with this process, even when that is killed: its holder reads from here. */
export async function openNamespace(): Promise<NetworkNamespace> {
  const holder = spawn("unshare", ["--net", "sh", "-c", "echo made; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(holder, "exit");
  await once(holder.stdout, "data");
  const { pid } = holder;
  if (pid === undefined) throw new Error("unshare has no process id");
  const enter = ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];
  const [program = "", ...first] = enter;
  const ip = async (text: string): Promise<void> => {
    await execute(program, [...first, "ip", ...text.split(" ")]);
  };
  await ip("link set lo up");
  return {
    enter,
    pid,
    ip,
    close: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}

/** Connects a pod to its node, as routed networks do it: a link of its own, everything else by way of the node. */
export async function connectPod(
  node: NetworkNamespace,
  pod: NetworkNamespace,
  address: string,
): Promise<void> {
  const link = `pod${address.split(".").at(-1)}`;
  await node.ip(`link add ${link} type veth peer name eth0 netns ${pod.pid}`);
  await node.ip(`link set ${link} up`);
  await node.ip(`route add ${address}/32 dev ${link} src ${nodeAddress}`);
  await pod.ip(`addr add ${address}/32 dev eth0`);
  await pod.ip("link set eth0 up");
  await pod.ip(`route add ${nodeAddress}/32 dev eth0`);
  await pod.ip(`route add default via ${nodeAddress}`);
}

/** Of every node: each is in a network of its own. */
export const nodeAddress = "10.244.0.1";
/** Where Azure's SDKs ask. */
export const metadataAddress = "169.254.169.254";

/**
 * Opens a node. `hasMetadata`: the metadata service's real address is its own, which is why it must be a private network;
 * else nobody has it, and pods get nowhere unless they are led elsewhere.
 */
export async function openNode({
  hasMetadata,
}: {
  readonly hasMetadata: boolean;
}): Promise<NetworkNamespace> {
  const node = await openNamespace();
  if (hasMetadata) await node.ip(`addr add ${metadataAddress}/32 dev lo`);
  await node.ip(`addr add ${nodeAddress}/32 dev lo`);
  return node;
}
