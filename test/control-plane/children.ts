import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";

import { dyingPrefix } from "./programs.ts";
import { waitFor } from "./wait.ts";

/** A program that runs beside the tests, and that they may kill, freeze and start again. */
export interface Child {
  /** Starts it; it must not run. */
  start(): void;
  /** Whether it was started and has not ended. */
  running(): boolean;
  /** @throws Error when it does not run. */
  pid(): number;
  /** SIGKILL, also when frozen; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: its sockets stay open and nobody answers; resolves when that is so. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  thaw(): void;
  /** The end of its log. */
  logTail(): string;
}

const prefix = dyingPrefix();
const alive = new Set<ChildProcess>();
let guarded = false;

/** Describes a program with its arguments, not started; it writes into `logPath`. */
export function createChild(path: string, args: readonly string[], logPath: string): Child {
  const [program = path, ...rest] = [...prefix, path, ...args];
  let child: ChildProcess | undefined;
  const signal = (name: NodeJS.Signals): ChildProcess => {
    if (child === undefined || hasEnded(child)) throw new Error(`${path} does not run`);
    child.kill(name);
    return child;
  };
  return {
    start: () => {
      if (child !== undefined && !hasEnded(child)) throw new Error(`${path} runs already`);
      child = startLogged(program, rest, logPath);
    },
    running: () => child !== undefined && !hasEnded(child),
    pid: () => {
      if (child?.pid === undefined || hasEnded(child)) throw new Error(`${path} does not run`);
      return child.pid;
    },
    kill: async () => {
      if (child === undefined || hasEnded(child)) return;
      const ended = once(child, "exit");
      child.ref();
      child.kill("SIGKILL");
      await ended;
    },
    freeze: async () => {
      const { pid } = signal("SIGSTOP");
      await waitFor(() => isStopped(Number(pid)), `${path} stops`);
    },
    thaw: () => void signal("SIGCONT"),
    logTail: () => readFileSync(logPath, "utf8").split("\n").slice(-30).join("\n"),
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The signal reaches thread after thread, and a request may come in between. */
function isStopped(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  return readdirSync(threads).every((thread) =>
    readFileSync(`${threads}/${thread}/status`, "utf8").includes("State:\tT"),
  );
}

function startLogged(program: string, args: readonly string[], logPath: string): ChildProcess {
  endChildrenWithUs();
  const log = openSync(logPath, "a");
  const child = spawn(program, args, { stdio: ["ignore", log, log] });
  closeSync(log);
  alive.add(child);
  child.once("exit", () => alive.delete(child));
  // The tests decide how long the run lasts; what they forgot ends with them.
  child.unref();
  return child;
}

/** Runs `cleanUp`, which must not wait, when this process exits; answers how to call that off. */
export function atExit(cleanUp: () => void): () => void {
  process.once("exit", cleanUp);
  return () => process.off("exit", cleanUp);
}

function endChildrenWithUs(): void {
  if (guarded) return;
  guarded = true;
  process.on("exit", () => {
    for (const child of alive) child.kill("SIGKILL");
  });
  // The test runner gives each file a process of its own, which would outlive a killed runner.
  if (process.env["NODE_TEST_CONTEXT"] !== undefined) {
    const runner = process.ppid;
    setInterval(() => {
      if (process.ppid !== runner) process.exit(1);
    }, 500).unref();
  }
  // Without help of the kernel a signal must lead to the exit handler.
  if (prefix.length > 0) return;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => process.exit(1));
}
