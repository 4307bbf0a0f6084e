import { readFile } from "node:fs/promises";

import { z } from "zod";

import { shippedFiles } from "../paths.ts";

/** `podid 0.1.0`, for --version and user agents. */
export async function versionLine(): Promise<string> {
  return `podid ${await readVersion()}`;
}

/** The version in package.json, which ships beside dist. */
export async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(shippedFiles.manifest, "utf8"));
  return z.object({ version: z.string() }).parse(manifest).version;
}
