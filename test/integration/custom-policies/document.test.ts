import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { describe, it } from "node:test";

import { opaPath, rootPath } from "../../policies/opa.ts";

// docs/custom-policies.md, followed to the letter: its files are written and its commands run in their order.

interface Block {
  /** Such as `bash`, or `rego file=my-policy/custom/freeze.rego`. */
  readonly info: string;
  readonly text: string;
}

const document = await readFile(join(rootPath, "docs/custom-policies.md"), "utf8");
const blocks: readonly Block[] = [...document.matchAll(/^```(.+)\n([^]*?)^```$/gm)].map(
  ([, info = "", text = ""]) => ({ info, text }),
);

/** What a checkout has and the document uses. */
const used = ["policies", "demo", "bin", "dist", "deploy", "package.json"];

/** Runs one block as a shell would that stops at the first failure; answers both outputs. */
function run(commands: string, cwd: string): Promise<string> {
  const path = [dirname(opaPath), process.env["PATH"]].join(delimiter);
  const options = { cwd, env: { ...process.env, PATH: path }, timeout: 120_000 };
  return new Promise((resolve, reject) => {
    execFile("bash", ["-euc", commands], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout + stderr);
      else reject(new Error(`${commands}\n${stdout}${stderr}`, { cause: error }));
    });
  });
}

async function follow(block: Block, cwd: string): Promise<string> {
  const [, file] = /^rego file=(\S+)$/.exec(block.info) ?? [];
  if (file === undefined) return run(block.text, cwd);
  await writeFile(join(cwd, file), block.text);
  return "";
}

describe("docs/custom-policies.md", () => {
  it("leads from a copy of the policy to a bundle that does what the document says", async (t) => {
    const cwd = await mkdtemp(join(tmpdir(), "podid-document-"));
    t.after(() => rm(cwd, { recursive: true }));
    await Promise.all(used.map((name) => symlink(join(rootPath, name), join(cwd, name))));
    let output = "";
    for (const block of blocks) output += await follow(block, cwd);
    assert.match(output, /^PASS: 2\/2$/m);
    assert.match(output, /^policy +revision freeze-1 /m);
    assert.match(output, /^token +403 denied\n +DeniedByPolicy: .*change-freeze/m);
    for (const identity of ["shop/queue-writer", "shop/queue-reader"]) {
      const ended = `^shop/worker-0 +${identity} +before 2026-12-18T00:00:00Z +2026-12-18T17:00:00Z .* DeniedByPolicy$`;
      assert.match(output, new RegExp(ended, "m"));
    }
    assert.match(output, /^reports\/report-0 .* beyond 2026-12-19T00:00:00Z /m);
  });

  it("has no block that nobody follows", () => {
    assert.deepEqual(
      blocks.map(({ info }) => info.split("=")[0]),
      ["bash", "rego file", "rego file", "bash", "bash"],
    );
  });

  it("builds as make build does", async () => {
    const makefile = await readFile(join(rootPath, "Makefile"), "utf8");
    const [shipped = assert.fail("make builds no bundle")] = /opa build .*/.exec(makefile) ?? [];
    const own = shipped
      .replace("policies/bundle", "my-policy")
      .replace("$(VERSION)", "freeze-1")
      .replace("$@", "my.tar.gz");
    assert.ok(
      blocks.some(({ text }) => text.split("\n").includes(own)),
      own,
    );
  });

  it("lists what the hook reads, and nothing else", async () => {
    const hook = await readFile(join(rootPath, "policies/bundle/podid/hook/hook.rego"), "utf8");
    const read = new Set([...hook.matchAll(/data\.custom\.(\w+)/g)].map(([, name]) => name));
    const [table = assert.fail("no table")] = document.split("A rule is asked about").slice(0, 1);
    const listed = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(new Set(listed), read);
  });
});
