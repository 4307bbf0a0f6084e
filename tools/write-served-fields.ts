// Writes src/kubernetes/served-fields.ts from deploy/crds: the fields that a cluster must serve. A test keeps the two equal.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { renderServedFields } from "./served-fields.ts";

const [directory, file] = process.argv.slice(2);
if (directory === undefined || file === undefined) throw new Error("usage: write-served-fields.ts CRDS FILE");
const texts = readdirSync(directory)
  .filter((name) => name.endsWith(".yaml"))
  .toSorted()
  .map((name) => readFileSync(join(directory, name), "utf8"));
writeFileSync(file, renderServedFields(texts));
