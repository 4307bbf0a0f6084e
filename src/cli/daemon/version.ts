import { readFile } from "node:fs/promises";

import { z } from "zod";

import { shippedFiles } from "../paths.ts";

const buildSchema = z.object({ commit: z.string(), date: z.string() });

/** One line as MIC and NMI print it for --version; both daemons are one program here. */
export async function versionLine(): Promise<string> {
  const version = await readVersion();
  const { commit, date } = await readBuild();
  return `MIC Version: ${version} - NMI Version: ${version} - Commit: ${commit} - Date: ${date}`;
}

async function readBuild(): Promise<z.infer<typeof buildSchema>> {
  try {
    return buildSchema.parse(JSON.parse(await readFile(shippedFiles.build, "utf8")));
  } catch {
    return { commit: "unknown", date: "unknown" };
  }
}

/** The version in package.json, which ships beside dist. */
export async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(shippedFiles.manifest, "utf8"));
  return z.object({ version: z.string() }).parse(manifest).version;
}
