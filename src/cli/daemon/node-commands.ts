import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import type { CommandResult, Commands } from "../../nmi/redirect/ports.ts";

/** Longer than the programs wait for each other's locks. */
const patienceMs = 10_000;
/** A table of ours has 20 lines; those of others, in a listing of iptables, may be thousands. */
const mostOutputBytes = 64 * 1024 * 1024;

/** Runs the node's programs as found on `path` and where system programs are. */
export function createNodeCommands(path: string): Commands {
  const env = { PATH: `${path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: "C" };
  return {
    run: (program, args, input = "") => {
      const { promise, resolve } = Promise.withResolvers<CommandResult>();
      const options = {
        env,
        timeout: patienceMs,
        killSignal: "SIGKILL",
        maxBuffer: mostOutputBytes,
      } as const;
      const child = execFile(program, args, options, (error, output, errors) => {
        if (error === null) resolve({ kind: "done", output });
        else if (error.code === "ENOENT") resolve({ kind: "missing" });
        else resolve({ kind: "failed", problem: problemOf(errors, error.message) });
      });
      // It may end without having read all of it, and says why itself.
      child.stdin?.on("error", () => undefined).end(input);
      return promise;
    },
    follow: (program, args, on) => {
      const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "ignore"] });
      createInterface({ input: child.stdout }).on("line", on.line);
      child.once("error", on.end).once("exit", on.end);
      return () => {
        child
          .off("error", on.end)
          .off("exit", on.end)
          .on("error", () => undefined);
        child.kill("SIGKILL");
      };
    },
  };
}

/** The lines of its standard error in one, shortened: they go into a log and to /readyz. */
function problemOf(errors: string, message: string): string {
  const said = errors.split("\n").map((line) => line.trim());
  return (said.filter((line) => line !== "").join(" ") || message).slice(0, 500);
}
