import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The checkout; every path in a command is relative to it. */
export const rootPath: string = fileURLToPath(new URL("../..", import.meta.url));

/** The pinned OPA of this checkout, or the one that the environment names. */
export const opaPath: string = process.env["OPA"] ?? `${rootPath}.tools/bin/opa`;

export const capabilities: readonly string[] = ["--capabilities", `${rootPath}policies/capabilities.json`];

/** The shipped policy and its tests. */
export const policyPaths: readonly string[] = ["policies/bundle", "test/policies"];

interface OpaAnswer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs OPA in `cwd`; the caller judges the exit code (reference/opa-wasm.md §1.3). */
export function askOpa(args: readonly string[], cwd: string = rootPath): OpaAnswer {
  const { error, status, stdout, stderr } = spawnSync(opaPath, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) {
    throw new Error(`cannot run ${opaPath}; run \`make build\` or set OPA`, { cause: error });
  }
  return { status, stdout, stderr };
}

/** Runs OPA and answers what it printed. @throws Error with OPA's own words when it refuses. */
export function runOpa(args: readonly string[], cwd: string = rootPath): string {
  const { status, stdout, stderr } = askOpa(args, cwd);
  if (status !== 0) throw new Error(`opa ${args.join(" ")} exited with ${status}:\n${stderr}${stdout}`);
  return stdout;
}
