import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createObjectStore, type ObjectStore } from "../../../src/kubernetes/object-store.ts";
import type { RawObject } from "../../../src/kubernetes/raw-object.ts";

interface Thing {
  readonly resourceVersion: string;
  readonly value: string;
}

function watch(): { readonly store: ObjectStore<Thing>; readonly told: readonly string[] } {
  const told: string[] = [];
  const store = createObjectStore<Thing>({
    showsStatus: true,
    project: ({ value, version }) => ({
      ok: true,
      object: { value: textOf(value), resourceVersion: textOf(version) },
    }),
    onDelta: ({ type }) => void told.push(type),
    onMalformed: () => assert.fail("nothing is malformed here"),
  });
  return { store, told };
}

function raw(version: string, value: string, state: string, uid = "u1"): RawObject {
  return { key: "a/b", uid, resourceVersion: version, content: { value, version, status: { state } } };
}

describe("an object store that shows statuses", () => {
  it("shows a new status at once, tells nobody, and keeps the object and the list", () => {
    const { store, told } = watch();
    store.put(raw("1", "x", "old"));
    const [object, list] = [store.get("a/b"), store.list()];
    store.put(raw("2", "x", "new"));
    assert.deepEqual(store.statusOf("a/b"), { state: "new" });
    assert.deepEqual(told, ["ADDED"]);
    assert.equal(store.get("a/b"), object);
    assert.equal(store.list(), list);
    assert.equal(store.versions().get("a/b")?.resourceVersion, "2", "comparisons with the server see it");
  });

  it("tells a change of anything else, with the version that goes with it", () => {
    const { store, told } = watch();
    store.put(raw("1", "x", "old"));
    store.put(raw("2", "x", "new"));
    store.put(raw("3", "y", "new"));
    assert.deepEqual(told, ["ADDED", "MODIFIED"]);
    assert.deepEqual(store.get("a/b"), { value: "y", resourceVersion: "3" });
  });

  it("takes an equal object of another uid for another object", () => {
    const { store, told } = watch();
    store.put(raw("1", "x", "old"));
    store.put(raw("2", "x", "old", "u2"));
    assert.deepEqual(told, ["ADDED", "DELETED", "ADDED"]);
    assert.equal(store.get("a/b")?.resourceVersion, "2");
  });

  it("finds the statuses that a gap in the watch has hidden", () => {
    const { store, told } = watch();
    store.put(raw("1", "x", "old"));
    const swap = store.startSwap();
    swap.put(raw("9", "x", "new"));
    swap.commit();
    assert.deepEqual(store.statusOf("a/b"), { state: "new" });
    assert.deepEqual(told, ["ADDED"]);
  });
});

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
