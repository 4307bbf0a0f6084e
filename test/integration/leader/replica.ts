import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

import { dyingPrefix } from "../../control-plane/programs.ts";
import { waitFor } from "../../control-plane/wait.ts";

/** A process that takes part in an election (`elector-process.ts`). */
export interface Replica {
  readonly identity: string;
  /** What it has said so far: "leads", "told" and "ended", with details. */
  readonly said: readonly Fact[];
  /** Resolves when it says `what`. */
  says(what: string, deadlineMs?: number): Promise<Fact>;
  signal(name: NodeJS.Signals): void;
}
export interface Fact {
  readonly what: string;
  readonly epoch?: number;
  readonly end?: string;
  readonly isLeader?: boolean;
}

/** Starts a replica that ends with the test; resolves when it has begun. */
export async function startReplica(
  t: TestContext,
  options: {
    readonly kubeconfig: string;
    readonly namespace: string;
    readonly identity: string;
    readonly leaseSeconds: number;
  },
): Promise<Replica> {
  const { kubeconfig, namespace, identity, leaseSeconds } = options;
  const script = join(import.meta.dirname, "elector-process.ts");
  const args = [script, kubeconfig, namespace, "lock", identity, String(leaseSeconds)];
  const command = [...dyingPrefix(), process.execPath, ...args];
  const [program = process.execPath, ...rest] = command;
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const said: Fact[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const fact: Fact = JSON.parse(line);
    said.push(fact);
  });
  const says: Replica["says"] = (what, deadlineMs = 30_000) =>
    waitFor(() => said.find((fact) => fact.what === what), `${identity} says ${what}`, deadlineMs);
  await says("started");
  return { identity, said, says, signal: (name) => void child.kill(name) };
}
