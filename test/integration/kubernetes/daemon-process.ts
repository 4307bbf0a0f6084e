import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

import { z } from "zod";

import { waitFor } from "../../control-plane/wait.ts";

const root = resolve(import.meta.dirname, "../../..");
const program = resolve(root, "bin/podid");
const line = z.looseObject({ msg: z.string() });
export type LogLine = z.infer<typeof line>;

/** A daemon in a process of its own, as it runs in a pod: the built program, its log on standard output. */
export interface DaemonProcess {
  readonly lines: readonly LogLine[];
  readonly pid: number;
  /** Resolves with the first line of this message, also when it came already. */
  said(message: string, deadlineMs?: number): Promise<LogLine>;
  /** The answer of its probe port. */
  probe(path: string): Promise<{ readonly status: number; readonly body: string }>;
  kill(signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void;
  /** Resolves when it has ended. */
  ended(): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Starts `podid` with these arguments, behind those of `enter`; ports of its own choice unless they say others. */
export function startDaemon(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  enter: readonly string[] = [],
): DaemonProcess {
  const ports = ["--http-probe-port=0", "--prometheus-port=0", "--probe-address=127.0.0.1"];
  const [component = "", ...flags] = args;
  const [first = program, ...others] = [...enter, program, component, ...ports, ...flags];
  const child = spawn(first, others, {
    cwd: root,
    env: { PATH: "/usr/bin:/bin", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: LogLine[] = [];
  let stderr = "";
  createInterface({ input: child.stdout }).on("line", (text) => lines.push(line.parse(JSON.parse(text))));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const onExit = (): void => void child.kill("SIGKILL");
  process.on("exit", onExit);
  const exit = once(child, "close").then(() => {
    process.off("exit", onExit);
    return { code: child.exitCode, stderr };
  });
  const said = async (message: string, deadlineMs = 60_000): Promise<LogLine> => {
    const find = (): LogLine | undefined => lines.find(({ msg }) => msg === message);
    await waitFor(
      async () => find() !== undefined || child.exitCode !== null || child.signalCode !== null,
      `"${message}" of podid ${args[0]}`,
      deadlineMs,
    );
    const found = find();
    if (found === undefined) throw new Error(`podid ended before it said "${message}": ${stderr}`);
    return found;
  };
  return {
    lines,
    pid: child.pid ?? 0,
    said,
    probe: async (path) => {
      const { ports: served } = z
        .looseObject({ ports: z.array(z.number()) })
        .parse(await said("serving probes and metrics"));
      const answer = await fetch(`http://127.0.0.1:${served[0]}${path}`);
      return { status: answer.status, body: await answer.text() };
    },
    kill: (signal) => void child.kill(signal),
    ended: () => exit,
  };
}
