import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { pass, start, sync } from "./cluster-scene.ts";
import { bookmark, errorLine, eventLine, listAnswer, rawObject } from "./scripted-api.ts";

describe("the comparison with the server", () => {
  it("finds no difference in a store that is right, up to changes that are under way", async (t) => {
    const scene = start(t);
    const [watch] = await sync(scene, "a", "b");
    scene.server.answer = ({ path }) => {
      if (path === "/readyz") return "ok";
      // One was written and one went while it was listed.
      return listAnswer("9", [rawObject("a", "8"), rawObject("new", "9")]);
    };
    for (let i = 0; i < 35; i += 1) {
      scene.clock.advance(60_000);
      watch?.line(bookmark("6")); // keeps it from falling silent
      await scene.server.settle();
    }
    const lists = scene.server.calls.filter(({ path }) => path !== "/readyz");
    assert.deepEqual(
      lists.map(({ query }) => query),
      [{ limit: "500" }],
    );
    watch?.line(eventLine("MODIFIED", "a", "8"));
    watch?.line(eventLine("DELETED", "b", "8"));
    watch?.line(eventLine("ADDED", "new", "9"));
    await scene.server.settle();
    const stats = scene.source.stats().get("AzurePodIdentityException");
    assert.deepEqual([stats?.audits, stats?.drift, stats?.relists.drift], [1, 0, 0]);
  });

  it("counts differences that no event explains, and mends them by reading everything anew", async (t) => {
    const metrics = createMetrics();
    const scene = start(t, { metrics });
    const [watch] = await sync(scene, "ghost", "stale");
    scene.server.answer = ({ path }) =>
      path === "/readyz" ? "ok" : listAnswer("9", [rawObject("stale", "7"), rawObject("missed", "8")]);
    // The watch is kept from falling silent.
    for (let i = 0; i < 35; i += 1) {
      scene.clock.advance(60_000);
      watch?.line(bookmark(String(10 + i)));
      await scene.server.settle();
    }
    const relist = scene.server.watches.at(-1);
    assert.equal(relist?.query["sendInitialEvents"], "true");
    relist.open();
    relist.line(eventLine("ADDED", "stale", "7"));
    relist.line(eventLine("ADDED", "missed", "8"));
    relist.line(bookmark("60", { endsInitialEvents: true }));
    await scene.server.settle();
    assert.deepEqual(
      scene.source.list("AzurePodIdentityException").map(({ name }) => name),
      ["stale", "missed"],
    );
    const stats = scene.source.stats().get("AzurePodIdentityException");
    assert.deepEqual([stats?.drift, stats?.relists.drift], [3, 1]);
    await pass(scene, 5);
    const { text } = await metrics.render();
    assert.match(text, /podid_cache_drift_total\{kind="AzurePodIdentityException"\} 3/);
    assert.match(text, /podid_watch_relists_total\{kind="AzurePodIdentityException",reason="drift"\} 1/);
    assert.match(text, /podid_cache_objects\{kind="AzurePodIdentityException"\} 2/);
  });

  it("comes to no result when the store does not reach the list, or the list fails", async (t) => {
    const scene = start(t);
    const [watch] = await sync(scene, "a");
    scene.server.answer = ({ path }) => (path === "/readyz" ? "ok" : listAnswer("99", []));
    const minutes = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) {
        scene.clock.advance(60_000);
        watch?.line(bookmark("6"));
        await scene.server.settle();
      }
    };
    await minutes(39);
    scene.server.answer = () => {
      throw new KubernetesError("Unreachable", "away");
    };
    await minutes(36);
    const stats = scene.source.stats().get("AzurePodIdentityException");
    assert.deepEqual([stats?.audits, stats?.drift], [0, 0]);
  });
});

describe("an object that cannot be understood", () => {
  it("is left out, and the watch goes on", async (t) => {
    const scene = start(t);
    const [watch] = await sync(scene, "a");
    const object = { ...rawObject("a", "6"), spec: { podLabels: 7 } };
    watch?.line(JSON.stringify({ type: "MODIFIED", object }));
    watch?.line(eventLine("ADDED", "b", "7"));
    await scene.server.settle();
    assert.deepEqual(
      scene.source.list("AzurePodIdentityException").map(({ name }) => name),
      ["b"],
    );
    watch?.line(errorLine(410, "Expired"));
    const relist = await scene.server.settle();
    assert.equal(relist.query["sendInitialEvents"], "true");
  });
});
