import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { z } from "zod";

import { policyPaths, rootPath, runOpa } from "./opa.ts";

/**
 * `not data.a[input.x]` is answered wrongly in WebAssembly, in both directions. The safe form puts the
 * reference into a rule of its own and negates that rule (reference/opa-wasm.md §6 no. 1).
 */
test("no policy negates a data reference with a variable in its path", async () => {
  const files = (await Promise.all(policyPaths.map(regoFiles))).flat();
  assert.notEqual(files.length, 0, "no Rego file found");
  assert.deepEqual(
    files.flatMap((file) => violations(file)),
    [],
    "write `known if data.a[x]`, then `not known`",
  );
});

test("the lint finds each form of such a negation, and nothing else", async () => {
  const directory = await mkdtemp(join(tmpdir(), "podid-lint-"));
  try {
    const file = join(directory, "planted.rego");
    await writeFile(file, planted);
    const rows = violations(file).map((found) => found.slice(file.length + 1));
    assert.deepEqual(rows, [
      "6: not data.teams[input.team]",
      "8: not data.teams[input.team].open",
      "12: not data.teams[name]",
      "15: not cluster.teams[input.team]",
      "17: not facts[input.team]",
      "19: not data.teams[lower(input.team)]",
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

const planted = `package planted

import data.cluster
import data.teams as facts

by_input if not data.teams[input.team]

deeper if not data.teams[input.team].open

by_variable if {
	some name in input.names
	not data.teams[name]
}

by_import if not cluster.teams[input.team]

by_alias if not facts[input.team]

by_call if not data.teams[lower(input.team)]

known if data.teams[input.team]

safe if not known

fixed if not data.teams.web

of_input if not input.teams[input.team]

inside contains team if {
	some team in [name | some name in input.names; not known]
}
`;

const termSchema = z.object({ type: z.string(), value: z.unknown() });
const refSchema = z.object({ type: z.literal("ref"), value: z.array(termSchema).min(1) });
const negatedSchema = z.object({
  negated: z.literal(true),
  terms: refSchema,
  location: z.object({ row: z.number(), text: z.base64() }),
});
const moduleSchema = z.object({
  imports: z.array(z.object({ path: refSchema, alias: z.string().optional() })).default([]),
  rules: z.unknown(),
});

async function regoFiles(path: string): Promise<readonly string[]> {
  const entries = await readdir(join(rootPath, path), { recursive: true });
  return entries.filter((entry) => entry.endsWith(".rego")).map((entry) => join(path, entry));
}

/** `file:row: text` of every violation. */
function violations(file: string): readonly string[] {
  const parsed = runOpa(["parse", "--format", "json", "--json-include", "locations", file]);
  const { imports, rules } = moduleSchema.parse(JSON.parse(parsed));
  const roots = new Set(["data", ...imports.flatMap(importedName)]);
  return negations(rules)
    .filter(({ terms }) => roots.has(String(terms.value[0]?.value)) && terms.value.slice(1).some(isDynamic))
    .map(({ location: { row, text } }) => `${file}:${row}: ${Buffer.from(text, "base64").toString()}`);
}

function importedName({ path, alias }: z.infer<typeof moduleSchema>["imports"][number]): readonly string[] {
  if (path.value[0]?.value !== "data") return [];
  return [alias ?? String(path.value.at(-1)?.value)];
}

function isDynamic({ type }: z.infer<typeof termSchema>): boolean {
  return !["string", "number", "boolean", "null"].includes(type);
}

/** Every negated reference in a syntax tree, at any depth. */
function negations(node: unknown): readonly z.infer<typeof negatedSchema>[] {
  if (typeof node !== "object" || node === null) return [];
  const found = negatedSchema.safeParse(node);
  return [...(found.success ? [found.data] : []), ...Object.values(node).flatMap(negations)];
}
