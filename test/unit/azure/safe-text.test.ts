import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { safeText } from "../../../src/azure/safe-text.ts";

describe("text of another party", () => {
  const rows = [
    { name: "loses line breaks", text: " a\r\n b\t c ", secrets: [], safe: "a b c" },
    { name: "loses tokens", text: "got eyJh.eyJi.c-_x.", secrets: [], safe: "got [token]." },
    {
      name: "loses secrets",
      text: "secret s3/+ is wrong",
      secrets: ["s3/+"],
      safe: "secret [secret] is wrong",
    },
    {
      name: "loses encoded secrets",
      text: "client_secret=s3%2F%2B",
      secrets: ["s3/+"],
      safe: "client_secret=[secret]",
    },
    { name: "keeps its text when a secret is empty", text: "abc", secrets: [""], safe: "abc" },
    { name: "is cut when long", text: "a".repeat(500), secrets: [], safe: `${"a".repeat(400)}…` },
  ];
  for (const { name, text, secrets, safe } of rows) {
    it(name, () => assert.equal(safeText(text, secrets), safe));
  }
});
