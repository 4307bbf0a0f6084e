import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { isSameJson, jsonObject } from "../../../src/kubernetes/json.ts";

/** An object that many levels deep: by lists where `byLists`, else by fields. */
function nested(levels: number, byLists: boolean): object {
  let value: unknown = 1;
  for (let level = 1; level < levels; level += 1) value = byLists ? [value] : { a: value };
  return { a: value };
}

describe("an object of JSON values", () => {
  for (const [what, value] of Object.entries({
    "nothing in it": {},
    "values of every kind": { a: [1, "b", null, { c: [false, [-1.5]] }] },
    "100 levels": nested(100, false),
    "100 levels, most of them lists": nested(100, true),
    "no prototype": Object.assign(Object.create(null), { a: 1 }),
  })) {
    it(`may have ${what}`, () => assert.equal(jsonObject.safeParse(value).success, true));
  }

  for (const [what, value] of Object.entries({
    "a text": "text",
    "a list": [],
    nothing: null,
    "a number that JSON cannot write": { a: [Number.NaN] },
    "an infinite number": { a: { b: Number.POSITIVE_INFINITY } },
    "a date": { a: new Date(0) },
    "a field without a value": { a: undefined },
    "a function": { a: () => 1 },
    "a large integer of its own type": { a: 1n },
    "101 levels deep": nested(101, false),
    "101 levels deep, most of them lists": nested(101, true),
    "a hundred thousand levels deep": nested(100_000, false),
    "a hundred thousand lists deep": nested(100_000, true),
  })) {
    it(`is not ${what}`, () => assert.equal(jsonObject.safeParse(value).success, false));
  }
});

describe("two JSON values", () => {
  for (const [what, a, b] of [
    ["fields in another order", { a: 1, b: [{ c: null, d: "e" }] }, { b: [{ d: "e", c: null }], a: 1 }],
    ["nothing in them", [{}, []], [{}, []]],
    ["100 levels", nested(100, false), nested(100, false)],
  ] as const) {
    it(`are the same with ${what}`, () => assert.equal(isSameJson(a, b), true));
  }

  for (const [what, a, b] of [
    ["another value", { a: { b: 1 } }, { a: { b: 2 } }],
    ["another type", { a: 1 }, { a: "1" }],
    ["a field more", { a: 1 }, { a: 1, b: 1 }],
    ["a field less", { a: 1, b: 1 }, { a: 1 }],
    ["another field", { a: 1 }, { b: 1 }],
    ["an inherited field", { toString: 1 }, { a: 1 }],
    ["items in another order", [1, 2], [2, 1]],
    ["fewer items", [1, 2], [1]],
    ["a list in place of an object", {}, []],
    ["an object in place of a list", [], {}],
    ["null in place of an object", {}, null],
    ["what lies deeper than anybody looks", nested(101, false), nested(101, false)],
    ["more levels than the stack has room for", nested(100_000, false), nested(100_000, false)],
    ["more lists than the stack has room for", nested(100_000, true), nested(100_000, true)],
  ] as const) {
    it(`differ by ${what}`, () => assert.equal(isSameJson(a, b), false));
  }
});
