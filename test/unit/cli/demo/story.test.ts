import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { berlinTime, nextBusinessMidnightMs, scenesAround } from "../../../../src/cli/demo/story.ts";

const hour = 60 * 60 * 1000;

describe("the next business-day midnight in Berlin", () => {
  const rows = [
    { name: "on a Monday", now: "2026-06-15T10:00:00Z", midnight: "2026-06-15T22:00:00Z" },
    { name: "a second before midnight", now: "2026-06-15T21:59:59Z", midnight: "2026-06-15T22:00:00Z" },
    { name: "at midnight itself", now: "2026-06-15T22:00:00Z", midnight: "2026-06-16T22:00:00Z" },
    { name: "on Monday there, Sunday in UTC", now: "2026-06-14T22:30:00Z", midnight: "2026-06-15T22:00:00Z" },
    { name: "on a Friday", now: "2026-06-19T10:00:00Z", midnight: "2026-06-21T22:00:00Z" },
    { name: "on a Saturday", now: "2026-06-20T10:00:00Z", midnight: "2026-06-21T22:00:00Z" },
    { name: "on a Sunday", now: "2026-06-21T10:00:00Z", midnight: "2026-06-21T22:00:00Z" },
    { name: "before the clock goes forward", now: "2026-03-27T12:00:00Z", midnight: "2026-03-29T22:00:00Z" },
    { name: "before the clock goes back", now: "2026-10-23T12:00:00Z", midnight: "2026-10-25T23:00:00Z" },
    { name: "on New Year's Eve", now: "2026-12-31T12:00:00Z", midnight: "2026-12-31T23:00:00Z" },
  ];
  for (const { name, now, midnight } of rows) {
    it(`is the right one ${name}`, () => {
      assert.equal(nextBusinessMidnightMs(Date.parse(now)), Date.parse(midnight));
    });
  }

  it("is ahead, at most a weekend and an hour away, and begins a day from Monday to Friday", () => {
    const anyMs = fc.integer({
      min: Date.parse("2020-01-01T00:00:00Z"),
      max: Date.parse("2060-01-01T00:00:00Z"),
    });
    fc.assert(
      fc.property(anyMs, (nowMs) => {
        const midnightMs = nextBusinessMidnightMs(nowMs);
        const aheadMs = midnightMs - nowMs;
        return (
          aheadMs > 0 &&
          aheadMs <= 73 * hour &&
          /^(Mon|Tue|Wed|Thu|Fri) 00:00:00$/.test(berlinTime(midnightMs))
        );
      }),
    );
  });
});

describe("Berlin's wall clock", () => {
  it("shows midnight as 00, in summer and in winter", () => {
    assert.equal(berlinTime(Date.parse("2026-06-14T22:00:00Z")), "Mon 00:00:00");
    assert.equal(berlinTime(Date.parse("2026-12-14T22:59:59Z")), "Mon 23:59:59");
  });
});

describe("the demo's scenes", () => {
  const midnightMs = Date.parse("2026-06-14T22:00:00Z");
  const scenes = scenesAround(midnightMs);

  it("are in order of time, so that one clock can play them", () => {
    const times = scenes.map(({ atMs }) => atMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  it("ask a second before each edge of the window and at it", () => {
    const frontend = scenes.filter(({ pod }) => pod === "shop/frontend-0");
    const instants = new Set(frontend.map(({ atMs }) => atMs - midnightMs));
    for (const edge of [0, hour]) {
      assert.ok(instants.has(edge - 1000) && instants.has(edge), `edge ${edge}`);
    }
  });
});
