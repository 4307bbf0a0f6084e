import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { fault, keys, later, list, start } from "./reflector-scene.ts";
import { bookmark, errorLine, eventLine, listAnswer, rawObject } from "./scripted-api.ts";

describe("beginning", () => {
  it("asks for the whole state by a watch, with bookmarks and selectors", async (t) => {
    const { server } = start(t);
    const { path, query } = await server.settle();
    assert.equal(path, "/apis/g/v1/things");
    assert.deepEqual(query, {
      watch: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: "true",
      timeoutSeconds: "450",
      fieldSelector: "spec.nodename=n1",
    });
  });

  it("shows nothing before the whole state is there, then all of it at once", async (t) => {
    const scene = start(t);
    const watch = await scene.server.settle();
    watch.open();
    watch.line(eventLine("ADDED", "a", "1"));
    watch.line(bookmark("1"));
    await scene.server.settle();
    assert.deepEqual([keys(scene), scene.reflector.isSynced(), scene.reflector.version()], [[], false, null]);
    watch.line(bookmark("7", { endsInitialEvents: true }));
    await scene.reflector.synced;
    assert.deepEqual([keys(scene), scene.reflector.version()], [["shop/a"], "7"]);
    assert.deepEqual(scene.deltas, ["ADDED shop/a uid-a"]);
  });

  it("begins anew, with a pause, when the state breaks off half-way", async (t) => {
    const scene = start(t);
    const watch = await scene.server.settle();
    watch.open();
    watch.line(eventLine("ADDED", "half", "1"));
    watch.end();
    const again = await later(scene, 400);
    assert.equal(again.query["sendInitialEvents"], "true");
    await list(scene, "5", "a");
    assert.deepEqual(keys(scene), ["shop/a"]);
  });

  it("lists from the cache where the server cannot list by watch, and never asks for that again", async (t) => {
    const scene = start(t);
    scene.server.answer = () => listAnswer("9", [rawObject("a", "3")]);
    (await scene.server.settle()).fail(fault("Invalid"));
    const watch = await scene.server.settle();
    assert.deepEqual(
      scene.server.calls.map(({ query }) => query),
      [
        {
          fieldSelector: "spec.nodename=n1",
          limit: "500",
          resourceVersion: "0",
          resourceVersionMatch: "NotOlderThan",
        },
      ],
    );
    assert.deepEqual([watch.query["resourceVersion"], watch.query["sendInitialEvents"]], ["9", undefined]);
    assert.deepEqual(keys(scene), ["shop/a"]);
    watch.open();
    watch.line(errorLine(410, "Expired"));
    await scene.server.settle();
    scene.clock.advance(400);
    await scene.server.settle();
    assert.equal(scene.server.calls.at(-1)?.query?.["resourceVersion"], "9");
    assert.equal(scene.server.watches.filter(({ query }) => "sendInitialEvents" in query).length, 1);
  });

  it("lists page by page, and begins again with the newest state when a page has expired", async (t) => {
    const scene = start(t, { listFrom: "pages" });
    let isExpired = true;
    scene.server.answer = ({ query }) => {
      if (query?.["continue"] === undefined) return listAnswer("9", [rawObject("a", "3")], "token");
      if (!isExpired) return listAnswer("9", [rawObject("b", "4")]);
      isExpired = false;
      throw fault("Expired");
    };
    (await scene.server.settle()).fail(fault("Invalid"));
    await scene.server.settle();
    assert.deepEqual(keys(scene), []);
    scene.clock.advance(400);
    await scene.server.settle();
    assert.deepEqual(keys(scene), ["shop/a", "shop/b"]);
    assert.deepEqual(scene.server.calls.at(-1)?.query, {
      fieldSelector: "spec.nodename=n1",
      limit: "500",
      continue: "token",
    });
    assert.ok(scene.server.calls.every(({ query }) => query?.["resourceVersion"] === undefined));
  });

  it("lists at once where states are large, also when history is lost, and watches from there", async (t) => {
    const scene = start(t, { listFrom: "pages", readsByList: true });
    await assert.rejects(scene.server.settle(), /nothing was watched/);
    scene.server.answer = () => listAnswer("9", [rawObject("a", "3")]);
    scene.clock.advance(400);
    const watch = await scene.server.settle();
    assert.deepEqual(keys(scene), ["shop/a"]);
    assert.deepEqual([watch.query["resourceVersion"], watch.query["sendInitialEvents"]], ["9", undefined]);
    scene.server.answer = () => listAnswer("20", [rawObject("b", "19")]);
    watch.open();
    watch.line(errorLine(410, "Expired"));
    await scene.server.settle();
    scene.clock.advance(400);
    await scene.server.settle();
    assert.deepEqual(keys(scene), ["shop/b"]);
    assert.ok(scene.server.watches.every(({ query }) => !("sendInitialEvents" in query)));
  });

  it("lists when the server sends nothing of a state within 30 s", async (t) => {
    const scene = start(t);
    scene.server.answer = () => listAnswer("9", [rawObject("a", "3")]);
    (await scene.server.settle()).open();
    await scene.server.settle();
    scene.clock.advance(30_000);
    await scene.server.settle();
    scene.clock.advance(400);
    await scene.server.settle();
    assert.deepEqual(keys(scene), ["shop/a"]);
  });
});
