// Writes which module ships: `node tools/write-policy-digest.ts BUNDLE FILE`. Any other module runs under a deadline.
import { writeFile } from "node:fs/promises";

import { readBundle } from "../src/engine/bundle.ts";

const [bundleFile = "", digestFile = ""] = process.argv.slice(2);
const { moduleDigest } = await readBundle(bundleFile);
await writeFile(digestFile, `${moduleDigest}\n`);
