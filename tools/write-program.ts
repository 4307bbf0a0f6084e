// Writes the program as few files (docs/decisions/0018), with the licences of the packages that are part of them.
import { globSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { build } from "esbuild";

const [to] = process.argv.slice(2);
if (to === undefined) throw new Error("usage: write-program.ts TO");
const { metafile } = await build({
  // All in one folder: they find each other, and package.json, by where they are.
  entryPoints: {
    main: "src/cli/main.ts",
    "policy-thread": "src/engine/policy-thread.ts",
    "pod-app": "src/cli/demo/pod-app.ts",
  },
  outdir: to,
  bundle: true,
  // What a command loads late stays in files of its own.
  splitting: true,
  chunkNames: "[name]-[hash]",
  platform: "node",
  format: "esm",
  target: "node26",
  sourcemap: true,
  sourcesContent: false,
  // Packages in CommonJS ask for Node's own modules in their way.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
  // The demo shows the client that users have, as it is.
  external: ["@azure/identity"],
  metafile: true,
  logLevel: "warning",
});
const folders = Object.keys(metafile.inputs).flatMap(
  (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
);
const texts = [...new Set(folders)].toSorted().map((folder) => {
  const files = globSync(join(folder, "{LICENSE,LICENCE,UNLICENSE,license,COPYING,NOTICE}*"));
  const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
  return [`== ${name}`, ...files.map((file) => readFileSync(file, "utf8").trim())].join("\n\n");
});
await writeFile(join(to, "licences.txt"), `${texts.join("\n\n")}\n`);
