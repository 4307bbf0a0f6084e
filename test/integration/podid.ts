import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

/** The checkout, where every podid runs. */
const root = resolve(import.meta.dirname, "../..");
const program = resolve(root, "bin/podid");
/** The demo takes seconds, on a machine with much else to do half a minute. */
const patienceMs = 120_000;

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Without empty lines. */
  readonly errorLines: readonly string[];
}

/** Runs the built program to its end, killed when that takes minutes. */
export function runPodid(...args: readonly string[]): Promise<Finished> {
  const { promise, resolve: finish } = Promise.withResolvers<Finished>();
  const options = { cwd: root, timeout: patienceMs, killSignal: "SIGKILL" } as const;
  const child = execFile(program, args, options, (_, stdout, stderr) => {
    finish({
      exitCode: child.exitCode,
      stdout,
      errorLines: stderr.split("\n").filter((line) => line !== ""),
    });
  });
  return promise;
}

/** A podid that goes on until it is told to stop. */
export interface Running {
  /** Reads on to the first line that holds `text`; answers what was read, with that line. */
  readUntil(text: string): Promise<string>;
  /** Sends SIGTERM. Rejects when the program takes longer than 5 s to end; then it is killed. */
  stop(): Promise<{ readonly exitCode: number | null; readonly stderr: string }>;
}

/** Starts the built program. */
export function startPodid(...args: readonly string[]): Running {
  const child = spawn(program, args, { cwd: root, timeout: patienceMs, killSignal: "SIGKILL" });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, "exit");
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return {
    readUntil: async (text) => {
      const read: string[] = [];
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true)
          throw new Error(`podid ended before it said "${text}":\n${read.join("\n")}${stderr}`);
        read.push(value);
        if (value.includes(text)) return read.join("\n");
      }
    },
    stop: async () => {
      child.kill("SIGTERM");
      const late = AbortSignal.timeout(5000);
      late.addEventListener("abort", () => child.kill("SIGKILL"));
      await exited;
      if (child.signalCode !== null) throw new Error(`podid did not end by itself: ${child.signalCode}`);
      return { exitCode: child.exitCode, stderr };
    },
  };
}
