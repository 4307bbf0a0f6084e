import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { loadPolicy } from "@open-policy-agent/opa-wasm";
import { z } from "zod";

import { readBundle } from "../../src/engine/bundle.ts";
import { createTimeBuiltins } from "../../src/timebox/builtins.ts";
import { askOpa, capabilities, policyPaths, rootPath, runOpa } from "./opa.ts";
import { assertSameTzData, zonesOfRegoTests } from "./tz-data.ts";

/** What an engine says of a Rego test: whether it holds, or which rows of a table test do. */
type Verdict = boolean | readonly string[];

const nativeSchema = z.array(
  z.object({
    package: z.string(),
    name: z.string(),
    fail: z.boolean().default(false),
    error: z.unknown().optional(),
    skip: z.boolean().default(false),
    sub_results: z.record(z.string(), z.object({ fail: z.boolean().default(false) })).optional(),
  }),
);
type NativeTest = z.infer<typeof nativeSchema>[number];

const wasmSchema = z
  .array(z.object({ result: z.union([z.boolean(), z.record(z.string(), z.literal(true))]) }))
  .max(1);

test("every Rego test gives the same verdict natively and as WebAssembly", async (t) => {
  assertSameTzData(zonesOfRegoTests(), 2009, 2031);
  const tests = runNatively();
  const runInWasm = await buildTests(tests.map(entrypointOf));
  for (const native of tests) {
    const name = entrypointOf(native);
    await t.test(name, async () => {
      const verdict = nativeVerdict(native);
      assert.deepEqual(await runInWasm(name), verdict, `${name}: WebAssembly differs from native OPA`);
      const rows = native.sub_results === undefined ? true : Object.keys(native.sub_results).toSorted();
      assert.deepEqual(verdict, rows, `${name} fails in both`);
    });
  }
  const rows = tests.flatMap((native) => Object.keys(native.sub_results ?? {}));
  t.diagnostic(`${tests.length} Rego tests with ${rows.length} table rows, natively and as WebAssembly`);
});

/** Runs `opa test`. Exit code 2 says that some test failed; which one is said test by test. */
function runNatively(): readonly NativeTest[] {
  const flags = ["--format", "json", "--exit-zero-on-skipped", "--timeout", "60s"];
  const { status, stdout, stderr } = askOpa(["test", ...flags, ...capabilities, ...policyPaths]);
  assert.ok(status === 0 || status === 2, `opa test exited with ${status}:\n${stderr}${stdout}`);
  const tests = nativeSchema.parse(JSON.parse(stdout));
  assert.notEqual(tests.length, 0, "no Rego test found");
  const unusable = tests.filter(({ skip, error }) => skip || error !== undefined);
  assert.deepEqual(unusable, [], "Rego tests that are left out or cannot run");
  return tests;
}

/** `data.podid.match_test` and `test_selected` → `podid/match_test/test_selected`. */
function entrypointOf(native: NativeTest): string {
  return [...native.package.split(".").slice(1), native.name].join("/");
}

function nativeVerdict({ fail, sub_results: rows }: NativeTest): Verdict {
  if (rows === undefined) return !fail;
  return Object.keys(rows)
    .filter((note) => rows[note]?.fail === false)
    .toSorted();
}

/**
 * Builds one module of policy and tests, with an entrypoint per test. A test that fails gives nothing;
 * a table test gives the rows that hold (reference/opa-wasm.md §8).
 */
async function buildTests(entrypoints: readonly string[]): Promise<(entrypoint: string) => Promise<Verdict>> {
  const directory = await mkdtemp(join(tmpdir(), "podid-policies-"));
  try {
    const sources = join(directory, "sources");
    for (const path of policyPaths) await cp(join(rootPath, path), sources, { recursive: true });
    const target = ["-t", "wasm", "--prune-unused", "-o", "tests.tar.gz", "-b", "sources"];
    const flags = entrypoints.flatMap((entrypoint) => ["-e", entrypoint]);
    runOpa(["build", ...target, ...capabilities, ...flags], directory);
    const { wasm } = await readBundle(join(directory, "tests.tar.gz"));
    const module = await WebAssembly.compile(wasm);
    return async (entrypoint) => {
      // A new instance each time: one that threw must not answer again (reference/opa-wasm.md §3).
      const policy = await loadPolicy(module, { initial: 16, maximum: 4096 }, { ...createTimeBuiltins() });
      const [answer] = wasmSchema.parse(policy.evaluate(undefined, entrypoint));
      const held = answer?.result ?? false;
      return typeof held === "boolean" ? held : Object.keys(held).toSorted();
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}
