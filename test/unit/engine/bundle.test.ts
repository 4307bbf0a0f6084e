import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { pack } from "tar-stream";

import { readBundle, type Bundle } from "../../../src/engine/bundle.ts";
import { compile, policyFiles, withArchive } from "./compiled-policy.ts";

test("reads what opa build writes: module, data, revision and a digest of the archive", async () => {
  const files = { ...policyFiles(), "config/data.json": '{"limit": 5}' };
  const bundle = await withArchive(files, readBundle);
  assert.deepEqual(bundle.data, { config: { limit: 5 } });
  assert.match(bundle.digest, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual([...bundle.wasm.subarray(0, 4)], [0, 0x61, 0x73, 0x6d]);
});

interface Broken {
  readonly archive: Uint8Array | Promise<Uint8Array>;
  readonly code: string;
  readonly message: RegExp;
}

const manifest = '{"roots":["podid"]}';
const broken: Readonly<Record<string, Broken>> = {
  "not an archive": {
    archive: Buffer.from("hello"),
    code: "BundleUnreadable",
    message: /not a policy bundle/,
  },
  "cut short": {
    archive: gzipSync(Buffer.alloc(2048, 1)).subarray(0, 20),
    code: "BundleUnreadable",
    message: /not a policy bundle/,
  },
  "no module": {
    archive: archive({ "/.manifest": manifest, "/data.json": "{}" }),
    code: "BundleIncomplete",
    message: /policy\.wasm is missing/,
  },
  "no manifest": {
    archive: archive({ "/policy.wasm": "x", "/data.json": "{}" }),
    code: "BundleIncomplete",
    message: /\.manifest is missing/,
  },
  "data that is no JSON": {
    archive: archive({ "/policy.wasm": "x", "/.manifest": manifest, "/data.json": "{" }),
    code: "BundleIncomplete",
    message: /data\.json does not have the expected form/,
  },
  "a root that belongs to the host": {
    archive: archive({
      "/policy.wasm": "x",
      "/.manifest": '{"roots":["podid","cluster"]}',
      "/data.json": "{}",
    }),
    code: "BundleIncomplete",
    message: /"cluster" is outside the roots podid, custom, config; put .* into its \.manifest/,
  },
  "data that would stand in for the cluster": {
    archive: archive({ "/policy.wasm": "x", "/.manifest": manifest, "/data.json": '{"cluster":{}}' }),
    code: "BundleIncomplete",
    message: /"cluster" is outside the roots/,
  },
};

for (const [what, { archive: bytes, code, message }] of Object.entries(broken)) {
  test(`refuses a bundle: ${what}`, async () => {
    await assert.rejects(readArchive(await bytes), { name: "EngineError", code, message });
  });
}

/** Rules that nothing reads are not compiled in, and so do no harm. */
const reading = { token: "decision := data.custom.a", exempt: "decision := data.podid.x.a" };

const changes: Readonly<Record<string, Record<string, string>>> = {
  "a rule of the user's": { "custom/x.rego": "package custom\n\na := 1\n" },
  "a rule in a package of ours": { "podid/x/x.rego": "package podid.x\n\na := 1\n" },
  "another rule in place of one of ours": policyFiles({ token: "decision := {} if input.odd" }),
};

for (const [what, files] of Object.entries(changes)) {
  test(`distrusts a bundle with ${what}`, async () => {
    const { moduleDigest } = await compile(reading);
    const changed = { ...policyFiles(reading), ...files };
    const bundle = await withArchive(changed, (path) => readBundle(path, moduleDigest));
    assert.equal(bundle.isShipped, false);
  });
}

test("trusts the module that ships, whatever revision is written on it", async () => {
  const { moduleDigest } = await compile({});
  const files = {
    ...policyFiles(),
    ".manifest": '{"revision": "2", "roots": ["podid", "custom", "config"]}',
  };
  assert.equal((await withArchive(files, (path) => readBundle(path, moduleDigest))).isShipped, true);
});

test("distrusts another module beside the sources that ship", async () => {
  const parts = { "/policy.wasm": "x", "/.manifest": manifest, "/data.json": "{}", ...policyFiles() };
  assert.equal((await readArchive(await archive(parts))).isShipped, false);
});

test("names the command that makes a missing bundle", async () => {
  await assert.rejects(readBundle("/nowhere/bundle.tar.gz"), /make build/);
});

async function readArchive(bytes: Uint8Array): Promise<Bundle> {
  const directory = mkdtempSync(join(tmpdir(), "podid-bundle-"));
  try {
    const path = join(directory, "bundle.tar.gz");
    writeFileSync(path, bytes);
    return await readBundle(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function archive(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) tar.entry({ name }, text);
  tar.finalize();
  return gzipSync(await buffer(tar));
}
