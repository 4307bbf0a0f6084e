import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";

const root = resolve(import.meta.dirname, "../../..");
const document = await readFile(join(root, "docs/clients.md"), "utf8");

/** Where each version is pinned, and what it reads like there. */
const pins = [
  { client: "`@azure/identity`", file: "package.json", pattern: /"@azure\/identity": "([^"]+)"/ },
  { client: "`@azure/msal-node`", file: "package.json", pattern: /"@azure\/msal-node": "([^"]+)"/ },
  {
    client: "`azure-identity` for Python",
    file: "tools/clients/python/requirements.txt",
    pattern: /^azure-identity==(\S+)/m,
  },
  {
    client: "`msal` for Python, and so azure-cli",
    file: "tools/clients/python/requirements.txt",
    pattern: /^msal==(\S+)/m,
  },
  { client: "`azidentity` for Go", file: "tools/clients/go/go.mod", pattern: /\/azidentity (v\S+)/ },
];

describe("docs/clients.md", () => {
  for (const { client, file, pattern } of pins) {
    it(`tells the version that is tested of ${client}`, async () => {
      const version = pattern.exec(await readFile(join(root, file), "utf8"))?.[1];
      assert.ok(document.includes(`\n| ${client} | ${version} |`), `${client} ${version}`);
    });
  }
});
