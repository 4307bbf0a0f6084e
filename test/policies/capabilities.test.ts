import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { z } from "zod";

import { askOpa, capabilities, opaPath, rootPath } from "./opa.ts";

/** Calls `use` with a new directory, and removes it afterwards. */
async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "podid-generated-"));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function runTool(tool: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, [`tools/${tool}`, ...args], { cwd: rootPath });
}

test("policies/capabilities.json is what tools/write-capabilities.ts writes", () =>
  inDirectory(async (directory) => {
    const written = join(directory, "capabilities.json");
    runTool("write-capabilities.ts", opaPath, written);
    assert.equal(
      await readFile(join(rootPath, "policies/capabilities.json"), "utf8"),
      await readFile(written, "utf8"),
      "run `npm run generate`",
    );
  }));

test("policies/schemas is what tools/write-schemas.ts writes", () =>
  inDirectory(async (directory) => {
    runTool("write-schemas.ts", directory);
    const committed = join(rootPath, "policies/schemas");
    const names = await readdir(directory);
    assert.deepEqual((await readdir(committed)).toSorted(), names.toSorted());
    for (const name of names) {
      const [old, current] = await Promise.all(
        [committed, directory].map((folder) => readFile(join(folder, name), "utf8")),
      );
      assert.equal(old, current, `policies/schemas/${name}: run \`npm run generate\``);
    }
  }));

test("no policy can reach a clock, the network, chance or the process", async () => {
  const text = await readFile(join(rootPath, "policies/capabilities.json"), "utf8");
  const { builtins, allow_net } = z
    .object({ builtins: z.array(z.object({ name: z.string() })), allow_net: z.tuple([]) })
    .parse(JSON.parse(text));
  const impure = [
    "time.now_ns",
    "http.send",
    "net.lookup_ip_addr",
    "rand.intn",
    "uuid.rfc4122",
    "opa.runtime",
    "io.jwt.decode_verify",
    "io.jwt.encode_sign",
    "io.jwt.encode_sign_raw",
    "json.match_schema",
    "json.verify_schema",
  ];
  const names = new Set(builtins.map((builtin) => builtin.name));
  assert.ok(names.has("time.clock"));
  assert.deepEqual(
    impure.filter((builtin) => names.has(builtin)),
    [],
  );
  assert.deepEqual(allow_net, []);
});

for (const builtin of ["time.now_ns()", 'http.send({"method": "get", "url": "http://127.0.0.1"})']) {
  test(`a policy that calls ${builtin} is refused`, () =>
    inDirectory(async (directory) => {
      await writeFile(join(directory, "impure.rego"), `package impure\n\nanswer := ${builtin}\n`);
      const { status, stderr } = askOpa(["check", ...capabilities, directory]);
      assert.equal(status, 1);
      assert.match(stderr, /impure\.rego:3: rego_type_error: undefined function (time\.now_ns|http\.send)/);
    }));
}
