import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Credential } from "./pki.ts";
import { findProgram } from "./programs.ts";

export interface Finished {
  /** Null when it was killed, which happens after a minute. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl to its end, with its cache inside `folder`. */
export function runKubectl(
  folder: string,
  kubeconfigPath: string,
  args: readonly string[],
  stdin = "",
): Promise<Finished> {
  const { promise, resolve } = Promise.withResolvers<Finished>();
  const env = { HOME: folder, KUBECONFIG: kubeconfigPath };
  const options = { env, timeout: 60_000, killSignal: "SIGKILL" } as const;
  const child = execFile(
    findProgram("kubectl"),
    [`--cache-dir=${join(folder, "kubectl-cache")}`, ...args],
    options,
    (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
  );
  // A command that reads nothing may end before its input was written.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(stdin);
  return promise;
}

/** Writes a kubeconfig that holds everything itself (JSON, which is YAML too); answers `path`. */
export async function writeKubeconfig(
  path: string,
  { url, caPem }: { readonly url: string; readonly caPem: string },
  { certPem, keyPem }: Credential,
): Promise<string> {
  const cluster = { server: url, "certificate-authority-data": base64(caPem) };
  const user = { "client-certificate-data": base64(certPem), "client-key-data": base64(keyPem) };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "plane",
    clusters: [{ name: "plane", cluster }],
    users: [{ name: "user", user }],
    contexts: [{ name: "plane", context: { cluster: "plane", user: "user" } }],
  };
  await writeFile(path, JSON.stringify(kubeconfig, undefined, 2), { mode: 0o600 });
  return path;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
