import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { readBundle, type Bundle } from "../../../src/engine/bundle.ts";

const opa = process.env["OPA"] ?? join(import.meta.dirname, "../../../.tools/bin/opa");

const entrypoints = ["assign", "token", "exempt", "validate"];

/** A policy in which every entrypoint answers `{}` but those that `rules` replaces by Rego text. */
export function policyFiles(rules: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const modules = entrypoints.map((name) => {
    const text = rules[name] ?? "decision := {}";
    return [
      `podid/${name}/${name}.rego`,
      `package podid.${name}\n\n# METADATA\n# entrypoint: true\n${text}\n`,
    ];
  });
  return { ".manifest": '{"roots": ["podid", "custom", "config"]}', ...Object.fromEntries(modules) };
}

const unknown = '"bindings": [], "reasons": [{"code": "NoMatchingBinding", "params": {}}], "probes": []';
/** Rules that answer every question about a pod that nothing binds. */
export const sound = {
  assign: 'decision := {"candidates": [], "reasons": []}',
  token: `decision := {"allow": false, "outcome": "unknown", ${unknown}}`,
  exempt: 'decision := {"exempt": false, "reasons": []}',
  validate: 'decision := {"valid": true, "reasons": []}',
};

/** The policy that ships, to be compiled alone or together with a user's files. */
export function shippedPolicyFiles(): Readonly<Record<string, string>> {
  const cwd = join(import.meta.dirname, "../../../policies/bundle");
  const paths = [".manifest", ...globSync("podid/**/*.{rego,json}", { cwd })];
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(cwd, path), "utf8")]));
}

/** Compiles files with OPA and hands the archive's path to `use`; nothing is left on disk. */
export async function withArchive<T>(
  files: Readonly<Record<string, string>>,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "podid-policy-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, "src", path)), { recursive: true });
      writeFileSync(join(directory, "src", path), text);
    }
    execFileSync(opa, ["build", "-t", "wasm", "-b", "src", "-o", "bundle.tar.gz"], { cwd: directory });
    return await use(join(directory, "bundle.tar.gz"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Reads a bundle as if it were the one that ships, so that it is trusted. */
export async function readAsShipped(path: string): Promise<Bundle> {
  const { moduleDigest } = await readBundle(path);
  return readBundle(path, moduleDigest);
}

/** The bundle of a policy written in a test, trusted as the one that ships. */
export function compile(rules: Readonly<Record<string, string>>): Promise<Bundle> {
  return withArchive(policyFiles(rules), readAsShipped);
}
