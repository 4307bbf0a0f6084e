import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** The checkout. */
export const rootPath: string = resolve(import.meta.dirname, "../..");

/** Where programs are looked for. */
interface Places {
  readonly assets: string;
  readonly tools: string;
  /** As in $PATH. */
  readonly path: string;
}

const usualPlaces: Places = {
  assets: process.env["KUBEBUILDER_ASSETS"] ?? "",
  tools: join(rootPath, ".tools/bin"),
  path: process.env["PATH"] ?? "",
};

/**
 * Where a program of the control plane is: $KUBEBUILDER_ASSETS, .tools/bin, PATH, in this order.
 * @throws Error that says how to get it.
 */
export function findProgram(
  program: "etcd" | "kube-apiserver" | "kubectl",
  { assets, tools, path: searched }: Places = usualPlaces,
): string {
  const folders = [assets, tools, ...searched.split(delimiter)];
  const found = folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program))
    .find((path) => isExecutable(path));
  if (found !== undefined) return found;
  throw new Error(
    `${program} is missing: run \`tools/build.sh control-plane\` (minutes, once), ` +
      "or name a folder that holds etcd, kube-apiserver and kubectl in KUBEBUILDER_ASSETS",
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const setpriv: readonly string[] = ["setpriv", "--pdeathsig", "KILL"];

/** What stands before a command so that the kernel ends it with this process; empty where that is unknown. */
export function dyingPrefix(): readonly string[] {
  const [program = "", ...args] = setpriv;
  return spawnSync(program, [...args, "true"]).status === 0 ? setpriv : [];
}
