import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { createObjectStore, type ObjectStore } from "../../../src/kubernetes/object-store.ts";
import type { RawObject } from "../../../src/kubernetes/raw-object.ts";

interface Watched {
  readonly store: ObjectStore<string>;
  /** What someone holds who only hears of changes. */
  readonly mirror: ReadonlyMap<string, string>;
  readonly log: readonly string[];
}

/** Content whose `value` is a text is usable; the projection of an object is uid, version and that text. */
function watch(): Watched {
  const mirror = new Map<string, string>();
  const log: string[] = [];
  const store = createObjectStore<string>({
    project: ({ value, id }) =>
      typeof value === "string"
        ? { ok: true, object: `${textOf(id)} ${value}` }
        : { ok: false, problem: "no text" },
    onDelta: ({ type, key, object }) => {
      log.push(`${type} ${key}`);
      assert.equal(mirror.has(key), type !== "ADDED", `${type} fits what was told before`);
      if (type === "DELETED") assert.equal(mirror.get(key), object, "the last known state goes");
      assert.equal(store.get(key), type === "DELETED" ? undefined : object, "reads see it already");
      if (type === "DELETED") mirror.delete(key);
      else mirror.set(key, object);
    },
    onMalformed: (key, problem) => void log.push(`malformed ${key}: ${problem}`),
  });
  return { store, mirror, log };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "no text";
}

function raw(key: string, uid: string, version: number, value: string | number = "text"): RawObject {
  return { key, uid, resourceVersion: String(version), content: { id: `${uid}@${version}`, value } };
}

describe("an object store", () => {
  it("tells changes whose replay is the store, and ends as the server does", () => {
    const object = fc.record({
      key: fc.constantFrom("a", "b", "c", "d"),
      uid: fc.constantFrom("u1", "u2"),
      isUsable: fc.boolean(),
    });
    const step = fc.oneof(
      fc.record({ do: fc.constant("put" as const), object }),
      fc.record({ do: fc.constant("remove" as const), object }),
      fc.record({ do: fc.constant("swap" as const), objects: fc.array(object, { maxLength: 6 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { store, mirror } = watch();
        const server = new Map<string, RawObject>();
        let version = 0;
        const made = ({ key, uid, isUsable }: { key: string; uid: string; isUsable: boolean }): RawObject =>
          raw(key, uid, (version += 1), isUsable ? "text" : 0);
        for (const one of steps) {
          if (one.do === "swap") {
            const swap = store.startSwap();
            // What was not written since is listed as it was.
            const listed = one.objects.map((next) => {
              const old = server.get(next.key);
              return old?.uid === next.uid ? old : made(next);
            });
            server.clear();
            for (const next of listed) {
              swap.put(next);
              server.set(next.key, next);
            }
            swap.commit();
          } else {
            const next = made(one.object);
            if (one.do === "put") server.set(next.key, next);
            else server.delete(next.key);
            store[one.do](next);
          }
          const usable = [...server.values()].filter(({ content }) => typeof content["value"] === "string");
          const expected = new Map(usable.map(({ key, content }) => [key, `${textOf(content["id"])} text`]));
          assert.deepEqual(mirror, expected);
          assert.deepEqual(new Set(store.list()), new Set(expected.values()));
          assert.deepEqual([...store.versions().keys()].toSorted(), [...server.keys()].toSorted());
        }
      }),
    );
  });

  it("tells another uid under the same name as one that went and one that came", () => {
    const { store, log } = watch();
    store.put(raw("a", "u1", 1));
    store.put(raw("a", "u2", 2));
    assert.deepEqual(log, ["ADDED a", "DELETED a", "ADDED a"]);
  });

  it("keeps a malformed object out, takes its earlier state away, and reports it once", () => {
    const { store, log } = watch();
    store.put(raw("a", "u1", 1));
    store.put(raw("a", "u1", 2, 0));
    store.put(raw("a", "u1", 3, 0));
    assert.equal(store.get("a"), undefined);
    store.put(raw("a", "u1", 4));
    assert.deepEqual(log, ["ADDED a", "malformed a: no text", "DELETED a", "ADDED a"]);
  });

  it("tells nothing for a state that it has already", () => {
    const { store, log } = watch();
    store.put(raw("a", "u1", 1));
    store.put(raw("a", "u1", 1));
    const swap = store.startSwap();
    swap.put(raw("a", "u1", 1));
    assert.equal(swap.commit(), 0);
    assert.deepEqual(log, ["ADDED a"]);
  });

  it("serves the old state until a swap is committed", () => {
    const { store } = watch();
    store.put(raw("a", "u1", 1));
    const swap = store.startSwap();
    swap.put(raw("b", "u1", 2));
    swap.put(raw("c", "u1", 3));
    swap.remove(raw("c", "u1", 4));
    assert.deepEqual([...store.versions().keys()], ["a"]);
    assert.equal(swap.commit(), 2);
    assert.deepEqual([...store.versions().keys()], ["b"]);
  });

  it("answers the same list until something changes", () => {
    const { store } = watch();
    store.put(raw("a", "u1", 1));
    const before = store.list();
    assert.equal(store.list(), before);
    store.put(raw("b", "u1", 2));
    assert.equal(store.list().length, 2);
    assert.equal(before.length, 1);
  });
});
