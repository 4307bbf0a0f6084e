// Writes src/kubernetes/crd-types.ts, so that code which writes objects of podid is checked against the CRDs.
import { writeFile } from "node:fs/promises";

import { renderCrdTypes } from "./crd-types.ts";

const [directory, file] = process.argv.slice(2);
if (directory === undefined || file === undefined) throw new Error("usage: write-crd-types.ts CRDS FILE");

await writeFile(file, await renderCrdTypes(directory));
