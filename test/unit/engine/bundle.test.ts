import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { pack } from "tar-stream";

import { readBundle } from "../../../src/engine/bundle.ts";
import { policyFiles, withArchive } from "./compiled-policy.ts";

test("reads what opa build writes: module, data, revision and a digest of the archive", async () => {
  const files = { ...policyFiles(), "config/data.json": '{"limit": 5}' };
  const bundle = await withArchive(files, readBundle);
  assert.deepEqual(bundle.data, { config: { limit: 5 } });
  assert.match(bundle.digest, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual([...bundle.wasm.subarray(0, 4)], [0, 0x61, 0x73, 0x6d]);
});

const broken: Readonly<Record<string, { readonly archive: Uint8Array; readonly code: string }>> = {
  "not an archive": { archive: Buffer.from("hello"), code: "BundleUnreadable" },
  "cut short": { archive: gzipSync(Buffer.alloc(2048, 1)).subarray(0, 20), code: "BundleUnreadable" },
  "no module": {
    archive: archive({ "/.manifest": '{"roots":["podid"]}', "/data.json": "{}" }),
    code: "BundleIncomplete",
  },
  "no manifest": { archive: archive({ "/policy.wasm": "x", "/data.json": "{}" }), code: "BundleIncomplete" },
  "data that is no JSON": {
    archive: archive({ "/policy.wasm": "x", "/.manifest": '{"roots":["podid"]}', "/data.json": "{" }),
    code: "BundleIncomplete",
  },
  "a root that belongs to the host": {
    archive: archive({
      "/policy.wasm": "x",
      "/.manifest": '{"roots":["podid","cluster"]}',
      "/data.json": "{}",
    }),
    code: "BundleIncomplete",
  },
  "data that would stand in for the cluster": {
    archive: archive({
      "/policy.wasm": "x",
      "/.manifest": '{"roots":["podid"]}',
      "/data.json": '{"cluster":{}}',
    }),
    code: "BundleIncomplete",
  },
};

for (const [what, { archive: bytes, code }] of Object.entries(broken)) {
  test(`refuses a bundle: ${what}`, async () => {
    const directory = mkdtempSync(join(tmpdir(), "podid-bundle-"));
    try {
      const path = join(directory, "bundle.tar.gz");
      writeFileSync(path, bytes);
      await assert.rejects(readBundle(path), { name: "EngineError", code });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

test("names the command that makes a missing bundle", async () => {
  await assert.rejects(readBundle("/nowhere/bundle.tar.gz"), /make build/);
});

function archive(files: Readonly<Record<string, string>>): Uint8Array {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) tar.entry({ name }, text);
  tar.finalize();
  const chunks: Buffer[] = [];
  for (let chunk: unknown = tar.read(); chunk !== null; chunk = tar.read()) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  }
  return gzipSync(Buffer.concat(chunks));
}
