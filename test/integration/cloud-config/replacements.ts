import { mkdir, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A file as a Kubernetes volume lays it out: a link into `..data`, itself a link to the folder of one version. */
async function layOut(path: string, version: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(join(folder, version));
  await writeFile(join(folder, version, "azure.json"), text);
  await symlink(version, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
}

/** One way in which files come to say something else. */
export interface Replacement {
  readonly name: string;
  readonly put: (path: string, text: string) => Promise<void>;
  readonly replace: (path: string, text: string) => Promise<void>;
}

/** Of the same length and the same time, so that nothing but what it says tells the one file from the other. */
const fixedTime = new Date("2026-01-01T00:00:00Z");
const writeAtFixedTime = async (path: string, text: string): Promise<void> => {
  await writeFile(path, text.padEnd(1000));
  await utimes(path, fixedTime, fixedTime);
};
/** Writes beside it and renames: no reader ever sees a half. */
export const renameOver = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.next`, text);
  await rename(`${path}.next`, path);
};

/** `replace` turns what `put` laid out at the same path. */
export const replacements: readonly Replacement[] = [
  { name: "written in place", put: writeFile, replace: writeFile },
  {
    name: "written in place, as long and as old as before",
    put: writeAtFixedTime,
    replace: writeAtFixedTime,
  },
  {
    name: "emptied and then written",
    put: writeFile,
    replace: async (path, text) => {
      await truncate(path);
      await writeFile(path, text);
    },
  },
  { name: "replaced by a rename", put: writeFile, replace: renameOver },
  {
    name: "deleted and created",
    put: writeFile,
    replace: async (path, text) => {
      await rm(path);
      await writeFile(path, text);
    },
  },
  {
    name: "in a Kubernetes volume whose ..data is turned",
    put: async (path, text) => {
      await layOut(path, "..version_1", text);
      await symlink(join("..data", "azure.json"), path);
    },
    replace: async (path, text) => {
      await layOut(path, "..version_2", text);
      await rm(join(dirname(path), "..version_1"), { recursive: true });
    },
  },
  {
    name: "a link that is turned",
    put: async (path, text) => {
      await writeFile(`${path}.1`, text);
      await symlink(`${path}.1`, path);
    },
    replace: async (path, text) => {
      await writeFile(`${path}.2`, text);
      await symlink(`${path}.2`, `${path}.tmp`);
      await rename(`${path}.tmp`, path);
    },
  },
  {
    name: "in a folder that is replaced",
    put: writeFile,
    replace: async (path, text) => {
      const folder = dirname(path);
      await rename(folder, `${folder}.old`);
      await mkdir(folder);
      await writeFile(path, text);
    },
  },
];
