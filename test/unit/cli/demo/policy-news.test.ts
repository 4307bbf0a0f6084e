import assert from "node:assert/strict";
import { test } from "node:test";

import { createPolicyNews } from "../../../../src/cli/demo/policy-news.ts";

test("says in one line each that a policy was taken over or refused, and nothing of other log lines", () => {
  const printed: string[] = [];
  const news = createPolicyNews((text) => void printed.push(text));
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  for (const line of [
    { msg: "request served", pod: "shop/web-0", status: 200, reasons: [] },
    { msg: "a new policy bundle serves", file: "my.tar.gz", revision: "", digest },
    {
      msg: "policy bundle refused; the last good one goes on serving",
      file: "my.tar.gz",
      reason: "my.tar.gz is not a policy bundle (.tar.gz)",
      fix: "put a whole bundle in this place",
    },
  ]) {
    news.write(JSON.stringify(line));
  }
  assert.deepEqual(printed, [
    "policy taken over: revision unnamed (sha256:0123456789ab) of my.tar.gz serves from now on",
    "policy refused, the last good one serves on: my.tar.gz is not a policy bundle (.tar.gz); put a whole bundle in this place",
  ]);
});
