// Writes policies/capabilities.json: what a policy may call. It is OPA's own list, cut down to what
// runs natively in WASM, what src/timebox supplies, and what only `opa check` and `opa test` use.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

import { z } from "zod";

import { createTimeBuiltins } from "../src/timebox/builtins.ts";

const toolBuiltins: ReadonlySet<string> = new Set([
  "rego.metadata.rule",
  "rego.metadata.chain",
  "internal.test_case",
  "print",
  "internal.print",
]);

const capabilitiesSchema = z.object({
  builtins: z.array(z.looseObject({ name: z.string() })),
  wasm_abi_versions: z.array(z.unknown()),
});
const metadataSchema = z.record(z.string(), z.unknown());

const [opa, path] = process.argv.slice(2);
if (opa === undefined || path === undefined) {
  throw new Error("usage: write-capabilities.ts OPA FILE");
}

const run = (command: string, args: readonly string[], cwd?: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });

const source = run(
  "go",
  ["list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/opa"],
  "tools/opa",
).trim();
const metadata = metadataSchema.parse(JSON.parse(readFileSync(`${source}/builtin_metadata.json`, "utf8")));
const all = capabilitiesSchema.parse(JSON.parse(run(opa, ["capabilities", "--version", "v1.22.2"])));
const nativeInWasm = z.looseObject({ wasm: z.literal(true) });
const hosted = Object.keys(createTimeBuiltins());

const kept = all.builtins.filter(
  ({ name: builtin }) =>
    nativeInWasm.safeParse(metadata[builtin]).success ||
    hosted.includes(builtin) ||
    toolBuiltins.has(builtin),
);
const capabilities = {
  builtins: kept,
  features: ["keywords_in_refs", "rego_v1"],
  future_keywords: [],
  allow_net: [],
  wasm_abi_versions: all.wasm_abi_versions,
};
writeFileSync(path, `${JSON.stringify(capabilities, null, 1)}\n`);
