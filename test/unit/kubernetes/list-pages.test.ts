import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { listPages } from "../../../src/kubernetes/list-pages.ts";
import { createScriptedApi, listAnswer, rawObject } from "./scripted-api.ts";

const collection = { path: "/api/v1/pods", selectors: {} };

/** Lists two pages; answers what happened, in order. */
async function list(second: () => unknown): Promise<readonly string[]> {
  const server = createScriptedApi();
  const happened: string[] = [];
  server.answer = ({ query }) => {
    const next = query?.["continue"];
    happened.push(next === undefined ? "asked" : `asked from ${next}`);
    return next === undefined ? listAnswer("9", [rawObject("a", "3")], "a") : second();
  };
  const version = await listPages(server.api, collection, "newest", {
    signal: new AbortController().signal,
    onObject: ({ key }) => happened.push(key),
  }).catch((error: unknown) => String(error));
  return [...happened, version];
}

describe("a list in pages", () => {
  it("asks for the next page before it reads the objects of this one: the server need not wait for us", async () => {
    const happened = await list(() => listAnswer("9", [rawObject("b", "4")]));
    assert.deepEqual(happened, ["asked", "asked from a", "shop/a", "shop/b", "9"]);
  });

  it("fails with a page, also one that fails while the objects before are read", async () => {
    const happened = await list(() => {
      throw new Error("gone");
    });
    assert.deepEqual(happened, ["asked", "asked from a", "shop/a", "Error: gone"]);
  });
});
