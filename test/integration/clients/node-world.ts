import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { createNodeCommands } from "../../../src/cli/daemon/node-commands.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { connectPod, openNamespace, openNode, type NetworkNamespace } from "./namespaces.ts";
import { asServed, reportSchema, type Order, type ServedLine } from "./node-messages.ts";
import { addressOf, nodeManifests, podNames, type PodName } from "./node-objects.ts";

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, "../../..");
/** Where tools/node-network.sh puts nft when the machine has none. */
const programPath = `${join(root, ".tools/bin")}:/usr/bin:/bin`;
/** Of a client program; those that wait are helped within seconds. */
const patienceMs = 60_000;

/** A node with its pods, each in a network of its own, which reach podid at 169.254.169.254:80. */
export interface NodeWorld {
  /** Runs a program in a pod's network, with nothing of this machine's environment; answers its standard output. */
  run(pod: PodName, command: readonly string[]): Promise<string>;
  /** What NMI answered this pod since the last time this was asked. */
  served(pod: PodName): readonly ServedLine[];
  /** Shows the pod's identity as assigned from now on, or as not assigned. */
  assign(pod: PodName): Promise<void>;
  release(pod: PodName): Promise<void>;
  /** Resolves once so many requests wait at NMI. */
  waiting(count: number): Promise<void>;
  /** Starts another NMI beside the one that runs, and then stops that. */
  replace(): Promise<void>;
  close(): Promise<void>;
}

/** Why podid's own rules cannot lead pods to it here; false when they can. */
export async function whyNoRules(): Promise<string | false> {
  const { kind } = await createNodeCommands(programPath).run("nft", ["--version"]);
  return kind === "done" ? false : "needs nft";
}

/**
 * Starts it: `open` and `closed` have their identities, `late` has not. Pods are led to podid by its own rules; without
 * `rules` it has the metadata address itself.
 */
export async function startNodeWorld({ rules }: { readonly rules: boolean }): Promise<NodeWorld> {
  const folder = await mkdtemp(join(tmpdir(), "podid-node-"));
  for (const [file, text] of Object.entries(nodeManifests(Date.now())))
    await writeFile(join(folder, file), text);
  const network = await openNode({ hasMetadata: !rules });
  const pods = new Map<PodName, NetworkNamespace>();
  for (const name of podNames) {
    const pod = await openNamespace();
    await connectPod(network, pod, addressOf[name]);
    pods.set(name, pod);
  }
  const start = (): Promise<Agent> => startAgent(network, [folder, rules ? "by-rules" : "at-the-address"]);
  let agent = await start();
  return {
    run: async (name, command) => {
      const [program = "", ...first] = pods.get(name)?.enter ?? [];
      const options = { cwd: root, env: { PATH: "/usr/bin:/bin" }, timeout: patienceMs };
      const { stdout } = await execute(program, [...first, ...command], options);
      // What the agent has logged until now comes before this answer.
      await agent.order({ do: "count-held" });
      return stdout;
    },
    served: (name) => agent.served(addressOf[name]),
    assign: async (pod) => void (await agent.order({ do: "assign", pod })),
    release: async (pod) => void (await agent.order({ do: "release", pod })),
    waiting: async (count) => {
      const isSo = async (): Promise<boolean> => (await agent.order({ do: "count-held" })) === count;
      await waitFor(isSo, `${count} requests that wait`);
    },
    replace: async () => {
      const before = agent;
      agent = await start();
      await before.close();
    },
    close: async () => {
      await agent.close();
      await Promise.all([network, ...pods.values()].map((namespace) => namespace.close()));
      await rm(folder, { recursive: true });
    },
  };
}

/** Distributes over the members of the union, which `Omit` alone would not. */
type WithoutID<T> = T extends unknown ? Omit<T, "id"> : never;

interface Agent {
  /** Resolves when it is done, with the number of requests that wait. */
  order(order: WithoutID<Order>): Promise<number>;
  served(peer: string): readonly ServedLine[];
  close(): Promise<void>;
}

async function startAgent(network: NetworkNamespace, args: readonly string[]): Promise<Agent> {
  const [enter = "", ...first] = network.enter;
  const program = join(import.meta.dirname, "node-process.ts");
  const child: ChildProcess = spawn(enter, [...first, process.execPath, program, ...args], {
    env: { PATH: programPath },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = once(child, "exit");
  const ready = Promise.withResolvers<void>();
  const awaited: PromiseWithResolvers<number>[] = [];
  const lines: ServedLine[] = [];
  child.on("message", (message) => {
    const said = reportSchema.parse(message);
    if (said.report === "ready") ready.resolve();
    if (said.report === "done") awaited[said.id]?.resolve(said.held);
    const served = said.report === "logged" ? asServed(said.line) : null;
    if (served !== null) lines.push(served);
  });
  child.once("exit", (code) => {
    for (const { reject } of [ready, ...awaited]) reject(new Error(`the node ended: ${String(code)}`));
  });
  const order: Agent["order"] = (what) => {
    const answer = Promise.withResolvers<number>();
    const id = awaited.push(answer) - 1;
    if (child.connected) child.send({ id, ...what });
    else answer.reject(new Error("the node is not there any more"));
    return answer.promise;
  };
  await ready.promise;
  await order({ do: "assign", pod: "open" });
  await order({ do: "assign", pod: "closed" });
  return {
    order,
    served: (peer) => {
      const its = lines.filter((line) => line.peer === peer);
      lines.splice(0, lines.length, ...lines.filter((line) => line.peer !== peer));
      return its;
    },
    close: async () => {
      child.disconnect();
      assert.deepEqual(await ended, [0, null]);
    },
  };
}
