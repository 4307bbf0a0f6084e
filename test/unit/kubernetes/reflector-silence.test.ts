import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { fault, keys, later, list, start } from "./reflector-scene.ts";
import { bookmark, eventLine, listAnswer } from "./scripted-api.ts";

describe("silence", () => {
  it("is cut after 100 s once bookmarks have come, and the watch goes on from where it was", async (t) => {
    const scene = start(t);
    const watch = await list(scene, "5", "a");
    scene.clock.advance(99_999);
    watch.line(bookmark("6"));
    await scene.server.settle();
    scene.clock.advance(99_999);
    assert.equal(watch.signal.aborted, false);
    scene.clock.advance(1);
    assert.equal(watch.signal.aborted, true);
    const next = await scene.server.settle();
    assert.equal(next.query["resourceVersion"], "6");
  });

  it("twice from the same resourceVersion makes it read the newest state", async (t) => {
    const scene = start(t);
    await list(scene, "5", "a");
    scene.clock.advance(100_000);
    (await scene.server.settle()).open();
    await scene.server.settle();
    scene.clock.advance(100_000);
    await list(scene, "6");
    assert.deepEqual(keys(scene), []);
    assert.equal(scene.reflector.stats().relists.silence, 1);
  });

  it("means nothing before a bookmark has come, up to the end of the watch", async (t) => {
    const scene = start(t);
    scene.server.answer = () => listAnswer("9", []);
    (await scene.server.settle()).fail(fault("Invalid"));
    const watch = await scene.server.settle();
    watch.open();
    await scene.server.settle();
    scene.clock.advance(479_999);
    assert.equal(watch.signal.aborted, false);
    scene.clock.advance(1);
    assert.equal(watch.signal.aborted, true);
  });

  it("means something from the first bookmark on", async (t) => {
    const scene = start(t);
    scene.server.answer = () => listAnswer("9", []);
    (await scene.server.settle()).fail(fault("Invalid"));
    const watch = await scene.server.settle();
    watch.open();
    watch.line(bookmark("10"));
    await scene.server.settle();
    scene.clock.advance(100_000);
    assert.equal(watch.signal.aborted, true);
  });
});

describe("an urgent watch", () => {
  it("is short, and one that is dead is cut before a minute although it was heard just before", async (t) => {
    const scene = start(t, { isUrgent: true });
    const watch = await list(scene, "5", "a");
    assert.equal(watch.query["timeoutSeconds"], "35");
    scene.clock.advance(33_000);
    watch.line(bookmark("6"));
    await scene.server.settle();
    scene.clock.advance(11_999);
    assert.equal(watch.signal.aborted, false);
    scene.clock.advance(1);
    assert.equal(watch.signal.aborted, true);
    assert.equal((await scene.server.settle()).query["resourceVersion"], "6");
  });

  it("is believed for what it says itself, and for no other answer of the server", async (t) => {
    const scene = start(t, { isUrgent: true });
    await list(scene, "5", "a");
    scene.clock.advance(20_000);
    scene.reflector.confirmAlive(19_000);
    assert.equal(scene.reflector.aliveAtMs(), 0);
  });
});

describe("a wait after a failure", () => {
  it("ends when the server is known to be there, and the next waits are short again", async (t) => {
    const scene = start(t);
    (await scene.server.settle()).fail(fault("Unreachable"));
    for (const ms of [400, 800, 1600, 3200]) (await later(scene, ms)).fail(fault("Unreachable"));
    await scene.server.settle();
    assert.equal(scene.reflector.isWaiting(), true);
    const before = scene.server.watches.length;
    scene.reflector.wake();
    const next = await scene.server.settle();
    assert.equal(scene.server.watches.length, before + 1);
    assert.equal(scene.reflector.isWaiting(), false);
    next.fail(fault("Unreachable"));
    await later(scene, 400);
  });

  it("that the server asked for goes to its end", async (t) => {
    const scene = start(t);
    (await scene.server.settle()).fail(fault("Throttled", 5_000));
    await scene.server.settle();
    assert.equal(scene.reflector.isWaiting(), false);
    scene.reflector.wake();
    await later(scene, 5_000);
  });
});

describe("the age of the store", () => {
  it("is unknown before the first state, and counts from the last sign of life", async (t) => {
    const scene = start(t);
    assert.equal(scene.reflector.aliveAtMs(), null);
    const watch = await list(scene, "5", "a");
    assert.equal(scene.reflector.aliveAtMs(), 0);
    scene.clock.advance(1000);
    watch.line(bookmark("6"));
    await scene.server.settle();
    assert.equal(scene.reflector.aliveAtMs(), 1000);
  });

  it("is confirmed from outside only for a watch that stood when the question was sent", async (t) => {
    const scene = start(t);
    const watch = await list(scene, "5", "a");
    scene.clock.advance(1000);
    scene.reflector.confirmAlive(900);
    assert.equal(scene.reflector.aliveAtMs(), 900);
    watch.fail(fault("Unreachable"));
    await scene.server.settle();
    scene.reflector.confirmAlive(1000);
    assert.equal(scene.reflector.aliveAtMs(), 900, "no watch stands");
    const next = await later(scene, 400);
    next.open();
    await scene.server.settle();
    scene.reflector.confirmAlive(1200);
    assert.equal(scene.reflector.aliveAtMs(), 1400, "when it was opened");
  });
});

describe("waiting for a state", () => {
  it("ends when an event brings it, or when the time is over", async (t) => {
    const scene = start(t);
    const watch = await list(scene, "5", "a");
    const until = scene.reflector.until(() => scene.store.get("shop/b") !== undefined, 1000);
    const never = scene.reflector.until(() => false, 1000);
    watch.line(eventLine("ADDED", "b", "6"));
    assert.equal(await until, true);
    scene.clock.advance(1000);
    assert.equal(await never, false);
  });

  it("ends when the reflector is closed", async (t) => {
    const scene = start(t);
    await list(scene, "5", "a");
    const never = scene.reflector.until(() => false, 1000);
    await scene.reflector.close();
    assert.equal(await never, false);
  });
});
