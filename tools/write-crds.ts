// Writes each CustomResourceDefinition of a folder as JSON: the agent of every node reads them at its start, and a YAML
// parser would cost it 8 MB for good.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { parse } from "yaml";

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error("usage: write-crds.ts FROM TO");
mkdirSync(to, { recursive: true });
for (const file of readdirSync(from).filter((name) => name.endsWith(".yaml"))) {
  const definition: unknown = parse(readFileSync(join(from, file), "utf8"));
  writeFileSync(join(to, `${basename(file, ".yaml")}.json`), JSON.stringify(definition));
}
