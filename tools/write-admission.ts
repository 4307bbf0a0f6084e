// Writes the admission policies of a folder, with their bindings, as one JSON list, for the reason of write-crds.ts:
// daemons compare them with what the cluster serves.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parseAllDocuments } from "yaml";

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) throw new Error("usage: write-admission.ts FROM TO");
const files = readdirSync(from).filter((name) => name.endsWith(".yaml"));
const objects = files.flatMap((file) =>
  parseAllDocuments(readFileSync(join(from, file), "utf8")).map((document): unknown => document.toJS()),
);
writeFileSync(to, JSON.stringify(objects));
