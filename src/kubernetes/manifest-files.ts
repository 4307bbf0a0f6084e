import { promises as fs } from "node:fs";
import { join } from "node:path";

import { toError } from "../runtime/to-error.ts";

/** What a manifests directory holds; paths begin with the directory as given. */
export interface ManifestFiles {
  /** The directory itself and all folders below it. */
  readonly folders: readonly string[];
  /** `*.yaml`, `*.yml` and `*.json`, sorted. */
  readonly files: readonly string[];
  /** Folders below that cannot be read. */
  readonly faults: readonly { readonly folder: string; readonly fault: string }[];
}

/**
 * Looks for manifests in `directory` and below. Names that begin with a dot are passed over: they
 * are editors' files, and the `..data` folder through which a mounted ConfigMap would appear twice.
 * Links to files are followed, links to folders are not.
 * @throws the file system's error when `directory` itself cannot be read.
 */
export async function listManifestFiles(directory: string): Promise<ManifestFiles> {
  const entries = (await fs.readdir(directory, { withFileTypes: true })).filter(
    ({ name }) => !name.startsWith("."),
  );
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => listBelow(join(directory, entry.name))),
  );
  const files = entries
    .filter((entry) => !entry.isDirectory() && /\.(yaml|yml|json)$/.test(entry.name))
    .map((entry) => join(directory, entry.name));
  return {
    folders: [directory, ...below.flatMap(({ folders }) => folders)].toSorted(),
    files: [...files, ...below.flatMap((found) => found.files)].toSorted(),
    faults: below.flatMap(({ faults }) => faults),
  };
}

async function listBelow(folder: string): Promise<ManifestFiles> {
  try {
    return await listManifestFiles(folder);
  } catch (error) {
    return {
      folders: [],
      files: [],
      faults: [{ folder, fault: `cannot be read: ${toError(error).message}` }],
    };
  }
}

/** A file's text, or why it (or a folder) cannot be had. */
export type ManifestText =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly fault: string };

/**
 * Reads the files of `listManifestFiles`, in its order.
 * @throws the file system's error when `directory` itself cannot be read.
 */
export async function readManifestTexts(directory: string): Promise<readonly ManifestText[]> {
  const { files, faults } = await listManifestFiles(directory);
  return [
    ...faults.map(({ folder, fault }) => ({ file: folder, fault })),
    ...(await Promise.all(files.map(readText))),
  ];
}

async function readText(file: string): Promise<ManifestText> {
  try {
    if (!(await fs.stat(file)).isFile()) return { file, fault: "not a file" };
    return { file, text: await fs.readFile(file, "utf8") };
  } catch (error) {
    return { file, fault: `cannot be read: ${toError(error).message}` };
  }
}
