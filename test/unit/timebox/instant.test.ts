import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { TimeboxError } from "../../../src/timebox/errors.ts";
import {
  formatInstant,
  instantFromMs,
  instantFromSeconds,
  latestSeconds,
  parseInstant,
  toMs,
  toSeconds,
} from "../../../src/timebox/instant.ts";

describe("parseInstant", () => {
  const accepted = [
    { name: "UTC", text: "2026-06-14T22:00:00Z", instant: "2026-06-14T22:00:00Z" },
    { name: "offset", text: "2026-06-15T03:30:00+05:30", instant: "2026-06-14T22:00:00Z" },
    { name: "negative zero offset", text: "2026-06-14T22:00:00-00:00", instant: "2026-06-14T22:00:00Z" },
    { name: "fraction, floored", text: "2026-06-14T22:00:00.999999999Z", instant: "2026-06-14T22:00:00Z" },
    { name: "long fraction", text: "2026-06-14T22:00:00.1234567890123Z", instant: "2026-06-14T22:00:00Z" },
    {
      name: "fraction before 1970, floored",
      text: "1969-12-31T23:59:58.5Z",
      instant: "1969-12-31T23:59:58Z",
    },
    { name: "leap day", text: "2028-02-29T00:00:00Z", instant: "2028-02-29T00:00:00Z" },
    { name: "last exact second", text: "2116-02-20T23:53:38Z", instant: "2116-02-20T23:53:38Z" },
  ];
  for (const row of accepted) {
    it(`takes ${row.name}: ${row.text}`, () => {
      const instant = parseInstant(row.text);
      assert.ok(instant !== undefined);
      assert.equal(formatInstant(instant), row.instant);
    });
  }

  const refused = [
    { name: "a bare date", text: "2026-06-14" },
    { name: "lower-case t", text: "2026-06-14t22:00:00Z" },
    { name: "lower-case z", text: "2026-06-14T22:00:00z" },
    { name: "a blank instead of T", text: "2026-06-14 22:00:00Z" },
    { name: "no offset", text: "2026-06-14T22:00:00" },
    { name: "no seconds", text: "2026-06-14T22:00Z" },
    { name: "an offset without colon", text: "2026-06-14T22:00:00+0530" },
    { name: "an offset of 24 hours", text: "2026-06-14T22:00:00+24:00" },
    { name: "a leap second", text: "2026-06-30T23:59:60Z" },
    { name: "hour 24", text: "2026-06-14T24:00:00Z" },
    { name: "30 February", text: "2026-02-30T00:00:00Z" },
    { name: "29 February of a common year", text: "2026-02-29T00:00:00Z" },
    { name: "month 13", text: "2026-13-01T00:00:00Z" },
    { name: "a comma", text: "2026-06-14T22:00:00,5Z" },
    { name: "a zone in brackets", text: "2026-06-14T22:00:00Z[UTC]" },
    { name: "text around it", text: " 2026-06-14T22:00:00Z" },
    { name: "a trailing line break", text: "2026-06-14T22:00:00Z\n" },
    { name: "a second too late for a double", text: "2116-02-20T23:53:39Z" },
    { name: "year 9999", text: "9999-12-31T23:59:59Z" },
    { name: "nothing", text: "" },
  ];
  for (const row of refused) {
    it(`refuses ${row.name}: ${JSON.stringify(row.text)}`, () => {
      assert.equal(parseInstant(row.text), undefined);
    });
  }
});

describe("an instant", () => {
  const anySecond = fc.integer({ min: -latestSeconds, max: latestSeconds });

  it("comes back from its text, its seconds and its milliseconds", () => {
    fc.assert(
      fc.property(anySecond, (seconds) => {
        const instant = instantFromSeconds(seconds);
        assert.equal(parseInstant(formatInstant(instant)), instant);
        assert.equal(instantFromSeconds(toSeconds(instant)), instant);
        assert.equal(instantFromMs(toMs(instant) + 999), instant);
      }),
    );
  });

  it("prints as JSON with all its digits", () => {
    fc.assert(
      fc.property(anySecond, (seconds) => {
        assert.equal(JSON.stringify(instantFromSeconds(seconds)), String(BigInt(seconds) * 1_000_000_000n));
      }),
    );
  });

  for (const seconds of [0.5, latestSeconds + 1, -latestSeconds - 1, Number.NaN, Infinity]) {
    it(`is not made from ${seconds} seconds`, () => {
      assert.throws(
        () => instantFromSeconds(seconds),
        (error) => error instanceof TimeboxError && error.code === "InstantOutOfRange",
      );
    });
  }
});
