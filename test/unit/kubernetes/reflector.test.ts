import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { KubernetesError, type KubernetesErrorCode } from "../../../src/kubernetes/errors.ts";
import { createObjectStore, type ObjectStore } from "../../../src/kubernetes/object-store.ts";
import { createReflector, type Reflector, type ReflectorOptions } from "../../../src/kubernetes/reflector.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import {
  bookmark,
  createScriptedApi,
  errorLine,
  eventLine,
  listAnswer,
  rawObject,
  type ScriptedApi,
  type ScriptedWatch,
} from "./scripted-api.ts";

interface Scene {
  readonly server: ScriptedApi;
  readonly clock: SimulatedClock;
  readonly store: ObjectStore<string>;
  readonly deltas: readonly string[];
  readonly reflector: Reflector;
}

function start(t: TestContext, options: Partial<ReflectorOptions> = {}): Scene {
  const server = createScriptedApi();
  const clock = createSimulatedClock(Date.UTC(2026, 0, 1));
  const deltas: string[] = [];
  const store = createObjectStore<string>({
    project: ({ metadata }) => ({ ok: true, object: JSON.stringify(metadata) }),
    onDelta: ({ type, key, uid }) => void deltas.push(`${type} ${key} ${uid}`),
    onMalformed: () => {},
  });
  const reflector = createReflector({
    api: server.api,
    clock,
    log: createSilentLog(),
    random: () => 0.5,
    collection: { path: "/apis/g/v1/things", selectors: { fieldSelector: "spec.nodename=n1" } },
    store,
    listFrom: "cache",
    ...options,
  });
  t.after(() => reflector.close());
  reflector.start();
  return { server, clock, store, deltas, reflector };
}

/** Plays a watch-list with these objects to its end; the watch goes on. */
async function list(scene: Scene, version: string, ...names: readonly string[]): Promise<ScriptedWatch> {
  const watch = await scene.server.settle();
  assert.equal(watch.query["sendInitialEvents"], "true");
  watch.open();
  for (const name of names) watch.line(eventLine("ADDED", name, version));
  watch.line(bookmark(version, { endsInitialEvents: true }));
  await scene.server.settle();
  return watch;
}

/** Lets a backoff of at most `ms` pass; answers the watch that was opened then. */
async function later({ server, clock }: Scene, ms: number): Promise<ScriptedWatch> {
  const before = server.watches.length;
  await server.settle();
  assert.equal(server.watches.length, before, "it waits first");
  clock.advance(ms);
  const watch = await server.settle();
  assert.equal(server.watches.length, before + 1, `it tries again within ${ms} ms`);
  return watch;
}

function fault(code: KubernetesErrorCode, retryAfterMs: number | null = null): KubernetesError {
  return new KubernetesError(code, `the server says ${code}`, { retryAfterMs });
}

function keys(scene: Scene): readonly string[] {
  return [...scene.store.versions().keys()].toSorted();
}

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
    const { put } = scene.store;
    let hasFailed = false;
    Object.assign(scene.store, {
      put: (raw: Parameters<typeof put>[0]) => {
        if (!hasFailed) {
          hasFailed = true;
          throw new Error("broken");
        }
        put(raw);
      },
    });
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
