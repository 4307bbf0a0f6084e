import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { fault, keys, later, list, start } from "./reflector-scene.ts";
import { bookmark, errorLine, eventLine } from "./scripted-api.ts";

describe("following", () => {
  it("applies events in order and goes on from the last one when the server ends the watch", async (t) => {
    const scene = start(t);
    const watch = await list(scene, "5", "a");
    watch.line(eventLine("MODIFIED", "a", "6"));
    watch.line(eventLine("ADDED", "b", "7"));
    watch.line(eventLine("DELETED", "a", "8"));
    watch.line(bookmark("11"));
    watch.end();
    const next = await scene.server.settle();
    assert.equal(next.query["resourceVersion"], "11");
    assert.equal(next.query["allowWatchBookmarks"], "true");
    assert.deepEqual(scene.deltas, [
      "ADDED shop/a uid-a",
      "MODIFIED shop/a uid-a",
      "ADDED shop/b uid-b",
      "DELETED shop/a uid-a",
    ]);
    assert.equal(scene.reflector.stats().relists.start, 1);
  });

  it("ends watches at random after 300 to 600 s, so that many agents spread out", async (t) => {
    const { server } = start(t, { random: () => 0.999 });
    assert.equal((await server.settle()).query["timeoutSeconds"], "599");
  });

  it("reads all anew at once when the server has lost the history, telling only the differences", async (t) => {
    const scene = start(t);
    const watch = await list(scene, "5", "gone", "same", "replaced");
    watch.line(bookmark("6"));
    watch.line(errorLine(410, "Expired"));
    const relist = await scene.server.settle();
    assert.equal(relist.query["sendInitialEvents"], "true", "without a pause");
    relist.open();
    relist.line(eventLine("ADDED", "same", "5"));
    relist.line(eventLine("ADDED", "replaced", "20", "another"));
    relist.line(eventLine("ADDED", "new", "21"));
    await scene.server.settle();
    assert.deepEqual(keys(scene), ["shop/gone", "shop/replaced", "shop/same"], "the old state is served");
    relist.line(bookmark("30", { endsInitialEvents: true }));
    await scene.server.settle();
    assert.deepEqual(scene.deltas.slice(3), [
      "DELETED shop/gone uid-gone",
      "DELETED shop/replaced uid-replaced",
      "ADDED shop/replaced another",
      "ADDED shop/new uid-new",
    ]);
    assert.deepEqual(scene.reflector.stats().relists, {
      start: 1,
      expired: 1,
      error: 0,
      silence: 0,
      drift: 0,
    });
  });

  it("reads all anew for a plain 410 as well, but not round and round", async (t) => {
    const scene = start(t);
    (await list(scene, "5", "a")).end();
    (await scene.server.settle()).fail(fault("Expired"));
    const relist = await scene.server.settle();
    assert.equal(relist.query["sendInitialEvents"], "true");
    relist.fail(fault("Expired"));
    const again = await later(scene, 400);
    assert.equal(again.query["sendInitialEvents"], "true");
    again.open();
    again.line(bookmark("9", { endsInitialEvents: true }));
    again.line(errorLine(410, "Expired"));
    await later(scene, 800);
  });

  for (const code of ["Unreachable", "Throttled", "Unauthorized", "Forbidden", "NotFound"] as const) {
    it(`goes on from where it was after ${code}`, async (t) => {
      const scene = start(t);
      const watch = await list(scene, "5", "a");
      watch.fail(fault(code));
      const next = await later(scene, 400);
      assert.equal(next.query["resourceVersion"], "5");
      assert.equal(next.query["sendInitialEvents"], undefined);
      assert.deepEqual(keys(scene), ["shop/a"]);
      assert.equal(scene.reflector.isSynced(), true);
    });
  }

  it("waits twice as long each time, at most 30 s, and short again after an event", async (t) => {
    const scene = start(t);
    (await list(scene, "5", "a")).fail(fault("Unreachable"));
    for (const ms of [400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000]) {
      (await later(scene, ms)).fail(fault("Unreachable"));
    }
    const watch = await later(scene, 15_000);
    watch.open();
    watch.line(bookmark("6"));
    watch.fail(fault("Unreachable"));
    await later(scene, 400);
  });

  it("waits as long as the server asks for", async (t) => {
    const scene = start(t);
    (await list(scene, "5", "a")).fail(fault("Throttled", 7_000));
    await scene.server.settle();
    scene.clock.advance(6_999);
    await scene.server.settle();
    assert.equal(scene.server.watches.length, 1);
    scene.clock.advance(1);
    await scene.server.settle();
    assert.equal(scene.server.watches.length, 2);
  });

  it("takes a watch of less than a second without an event for a fault, a longer one not", async (t) => {
    const scene = start(t);
    (await list(scene, "5", "a")).end();
    const short = await scene.server.settle();
    short.open();
    await scene.server.settle();
    scene.clock.advance(999);
    short.end();
    const long = await later(scene, 400);
    long.open();
    await scene.server.settle();
    scene.clock.advance(1000);
    long.end();
    await scene.server.settle();
    assert.equal(scene.server.watches.length, 4, "opened again at once");
  });

  it("goes on after another error within the stream, and reads all anew when it comes again", async (t) => {
    const scene = start(t);
    (await list(scene, "5", "a")).line(errorLine(500, "InternalError"));
    const next = await later(scene, 400);
    assert.equal(next.query["resourceVersion"], "5");
    next.open();
    next.line(errorLine(500, "InternalError"));
    const relist = await later(scene, 800);
    assert.equal(relist.query["sendInitialEvents"], "true");
  });

  for (const [what, line] of [
    ["no JSON", "{torn"],
    ["no event", '"text"'],
    ["an unknown type", '{"type":"MOVED","object":{}}'],
    ["an object without metadata", '{"type":"ADDED","object":{}}'],
    ["a bookmark without resourceVersion", '{"type":"BOOKMARK","object":{"metadata":{}}}'],
  ] as const) {
    it(`reads all anew after a line that is ${what}`, async (t) => {
      const scene = start(t);
      const watch = await list(scene, "5", "a");
      watch.line(line);
      watch.line(eventLine("DELETED", "a", "6"));
      const relist = await later(scene, 400);
      assert.equal(relist.query["sendInitialEvents"], "true");
      assert.deepEqual(keys(scene), ["shop/a"]);
    });
  }

  it("does not advance past an event that could not be applied", async (t) => {
    const scene = start(t);
    const watch = await list(scene, "5", "a");
    scene.failOnce();
    watch.line(eventLine("ADDED", "b", "6"));
    const next = await later(scene, 400);
    assert.equal(next.query["resourceVersion"], "5");
    next.open();
    next.line(eventLine("ADDED", "b", "6"));
    await scene.server.settle();
    assert.deepEqual(keys(scene), ["shop/a", "shop/b"]);
  });

  it("ends at once when it is closed, also while it waits", async (t) => {
    const scene = start(t);
    const watch = await list(scene, "5", "a");
    await scene.reflector.close();
    assert.equal(watch.signal.aborted, true);
    const waiting = start(t);
    (await waiting.server.settle()).fail(fault("Unreachable"));
    await waiting.server.settle();
    await waiting.reflector.close();
    assert.equal(waiting.clock.nextTimerInMs(), null);
  });
});
