import {
  execFileSync,
  spawn,
  spawnSync,
  type ChildProcess,
  type ChildProcessByStdio,
} from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { TestContext } from "node:test";

import { z } from "zod";

import { waitFor } from "../../control-plane/wait.ts";

/** A node that forwards between a pod and the metadata service at its real address, each in a namespace. */
export interface NodeWorld {
  readonly pod: Pod;
  /** Runs a program on the node; its output. @throws when it fails. */
  onNode(program: string, ...args: readonly string[]): string;
  /** Starts a program on the node that ends with the test. */
  spawnOnNode(command: readonly string[], environment?: Readonly<Record<string, string>>): Child;
  /** Rules alone, with a server that answers "agent"; resolves when they are in place and it listens. */
  startAgent(options: {
    readonly mode: "auto" | "nft" | "iptables";
    readonly port: number;
    readonly first: "rules" | "listening";
    /** A folder whose programs come before the node's own. */
    readonly programs?: string;
  }): Promise<AgentProcess>;
  removeRules(): void;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

export interface AgentProcess {
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export interface Pod {
  /** What it gets by a new connection: "agent", "real", or the code of an error. */
  probe(): Promise<Seen>;
  /** Asks by a connection that is kept under this name. */
  keep(name: string): Promise<Seen>;
  /** Asks another address and port. */
  direct(address: string): Promise<Seen>;
}

export interface Seen {
  readonly answer: string;
  /** Whether the real service answered the pod, which asks all the time, since it was last asked this. */
  readonly hasSeenReal: boolean;
}

export const nodeAddress = "10.87.1.1";
export const podAddress = "10.87.1.2";
const folder = import.meta.dirname;
const path = `${process.env["PATH"] ?? ""}:${resolve(folder, "../../../.tools/bin")}:/usr/sbin:/sbin`;
const env = { ...process.env, PATH: path };
const seenSchema = z.object({ answer: z.string(), hasSeenReal: z.boolean() });

/** Why there can be no such world here; null when there can. */
export function noNodeNetwork(...programs: readonly string[]): string | null {
  if (process.getuid?.() !== 0) return "needs root, for network namespaces";
  const missing = ["ip", ...programs].find(
    (program) => spawnSync(program, ["--version"], { env }).error !== undefined && program !== "ip",
  );
  if (missing !== undefined) return `needs ${missing}`;
  const tried = spawnSync("ip", ["netns", "exec", "podid-none", "true"], { env });
  if (tried.error !== undefined) return "needs ip";
  const name = `podid-probe-${process.pid}`;
  if (spawnSync("ip", ["netns", "add", name], { env }).status !== 0) return "needs network namespaces";
  spawnSync("ip", ["netns", "del", name], { env });
  return null;
}

let worlds = 0;

/** Builds a world for one test. */
export async function useNode(t: TestContext): Promise<NodeWorld> {
  worlds += 1;
  const id = `podid-${process.pid}-${worlds}`;
  const [node, pod, service] = [`${id}-node`, `${id}-pod`, `${id}-imds`];
  for (const name of [node, pod, service]) addNamespace(t, name);
  link(node, `${nodeAddress}/24`, pod, `${podAddress}/24`);
  link(node, "169.254.169.1/24", service, "169.254.169.254/24");
  ip("-n", pod, "route", "add", "default", "via", nodeAddress);
  ip("-n", service, "route", "add", "default", "via", "169.254.169.1");
  ip("netns", "exec", node, "sysctl", "-qw", "net.ipv4.ip_forward=1");
  const start = (
    name: string,
    command: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Child => spawnIn(t, name, command, environment);

  const real = `require("http").createServer((q, a) => a.end("real")).listen(80, () => console.log("listening"))`;
  const imds = start(service, [process.execPath, "-e", real]);
  await once(imds.stdout, "data");
  return {
    pod: createPod(start(pod, [process.execPath, resolve(folder, "pod-process.ts")])),
    onNode: (program, ...args) => run("ip", ["netns", "exec", node, program, ...args]),
    spawnOnNode: (command, environment = {}) => start(node, command, { ...environment }),
    startAgent: async ({ mode, port, first, programs }) => {
      const script = resolve(folder, "agent-process.ts");
      const command = [process.execPath, script, mode, nodeAddress, String(port), first];
      const child = start(node, command, programs === undefined ? {} : { PATH: `${programs}:${path}` });
      const ended = once(child, "exit").then(() => [JSON.stringify({ what: "it has ended" })]);
      const [line] = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended]);
      if (JSON.parse(String(line)).what !== "installed") throw new Error(`the agent says ${String(line)}`);
      return { end: (signal) => endChild(child, signal) };
    },
    removeRules: () =>
      void run("ip", [
        "netns",
        "exec",
        node,
        process.execPath,
        resolve(folder, "agent-process.ts"),
        "remove",
      ]),
  };
}

function createPod(child: Child): Pod {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<Seen> => {
    child.stdin.write(`${line}\n`);
    const { value } = await lines.next();
    return seenSchema.parse(JSON.parse(String(value)));
  };
  return {
    probe: () => ask("probe"),
    keep: (name) => ask(`keep ${name}`),
    direct: (address) => ask(`direct ${address}`),
  };
}

function addNamespace(t: TestContext, name: string): void {
  ip("netns", "add", name);
  t.after(async () => {
    // What an agent that was killed left running would keep the namespace alive.
    for (const pid of run("ip", ["netns", "pids", name]).split("\n").filter(Boolean)) kill(Number(pid));
    await waitFor(() => run("ip", ["netns", "pids", name]) === "", `nothing runs in ${name}`);
    ip("netns", "del", name);
  });
  ip("-n", name, "link", "set", "lo", "up");
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Ended by itself.
  }
}

let links = 0;

function link(one: string, oneAddress: string, other: string, otherAddress: string): void {
  links += 1;
  const [near, far] = [`near${links}`, `far${links}`];
  ip("link", "add", near, "netns", one, "type", "veth", "peer", "name", far, "netns", other);
  ip("-n", one, "address", "add", oneAddress, "dev", near);
  ip("-n", other, "address", "add", otherAddress, "dev", far);
  ip("-n", one, "link", "set", near, "up");
  ip("-n", other, "link", "set", far, "up");
}

function spawnIn(
  t: TestContext,
  namespace: string,
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Child {
  const child = spawn("ip", ["netns", "exec", namespace, ...command], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...env, ...environment },
  });
  const onExit = (): void => void child.kill("SIGKILL");
  process.on("exit", onExit);
  child.once("exit", () => process.off("exit", onExit));
  t.after(() => endChild(child, "SIGKILL"));
  return child;
}

/** Of `ip netns exec`, which becomes the program itself. */
async function endChild(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

function ip(...args: readonly string[]): void {
  run("ip", args);
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], env });
}
