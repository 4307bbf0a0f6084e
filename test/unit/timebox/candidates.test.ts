import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { candidateInstants, type TimeFacts } from "../../../src/timebox/candidates.ts";
import { formatInstant, instantFromSeconds, toSeconds, type Instant } from "../../../src/timebox/instant.ts";
import { instantOf, isOpen, timeBoxOf, type SimpleWindow } from "./reference-window.ts";

const day = 86_400;
type Box = TimeFacts["boxes"][number]["timeBox"];

function anchorOf(text: string | undefined): Instant | null {
  return text === undefined ? null : instantOf(text);
}

function candidatesOf(
  timeBox: Box,
  now: string,
  days: number,
  more: {
    readonly podStart?: string;
    readonly bindingCreated?: string;
  } = {},
): readonly string[] {
  const facts = {
    boxes: [{ timeBox, bindingCreated: anchorOf(more.bindingCreated), grants: [] }],
    podStart: anchorOf(more.podStart),
  };
  return candidateInstants(facts, instantOf(now), days * day).map(formatInstant);
}

describe("candidateInstants names", () => {
  const nightly = { start: "00:00", end: "01:00", timeZone: "Europe/Berlin" };

  it("each local midnight and each edge", () => {
    assert.deepEqual(candidatesOf(timeBoxOf(nightly), "2026-06-14T00:00:00Z", 2), [
      "2026-06-14T22:00:00Z",
      "2026-06-14T23:00:00Z",
      "2026-06-15T22:00:00Z",
      "2026-06-15T23:00:00Z",
    ]);
  });

  it("what lies after now, and the last second of the horizon", () => {
    const found = candidatesOf(timeBoxOf(nightly), "2026-06-14T22:00:00Z", 1);
    assert.deepEqual(found, ["2026-06-14T23:00:00Z", "2026-06-15T22:00:00Z"]);
  });

  const changes = [
    { zone: "Europe/Berlin", now: "2026-03-28T12:00:00Z", change: "2026-03-29T01:00:00Z" },
    { zone: "Europe/Berlin", now: "2026-10-24T12:00:00Z", change: "2026-10-25T01:00:00Z" },
    { zone: "America/New_York", now: "2026-03-07T12:00:00Z", change: "2026-03-08T07:00:00Z" },
    { zone: "America/New_York", now: "2026-10-31T12:00:00Z", change: "2026-11-01T06:00:00Z" },
    { zone: "Australia/Lord_Howe", now: "2026-04-04T00:00:00Z", change: "2026-04-04T15:00:00Z" },
    { zone: "Australia/Lord_Howe", now: "2026-10-03T00:00:00Z", change: "2026-10-03T15:30:00Z" },
    { zone: "Pacific/Apia", now: "2011-12-29T12:00:00Z", change: "2011-12-30T10:00:00Z" },
    { zone: "America/Santiago", now: "2026-09-05T12:00:00Z", change: "2026-09-06T04:00:00Z" },
  ];
  for (const { zone, now, change } of changes) {
    it(`the clock change of ${zone} at ${change}`, () => {
      const found = candidatesOf(timeBoxOf({ start: "08:00", end: "09:00", timeZone: zone }), now, 1);
      assert.ok(found.includes(change), found.join(" "));
    });
  }

  it("both readings of an edge in the repeated hour", () => {
    const found = candidatesOf(
      timeBoxOf({ start: "01:30", end: "02:30", timeZone: "Europe/Berlin" }),
      "2026-10-24T23:00:00Z",
      0.2,
    );
    for (const edge of ["2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]) {
      assert.ok(found.includes(edge), found.join(" "));
    }
  });

  it("edges of exclusions, and those of a window in a zone of its own", () => {
    const found = candidatesOf(
      {
        timeZone: "UTC",
        windows: [{ times: [{ start: "09:00", end: "24:00" }], timeZone: "Asia/Kolkata" }],
        exclusions: [{ dates: ["12-25"], times: [{ start: "10:00", end: "11:00" }] }],
      },
      "2026-06-14T00:00:00Z",
      1,
    );
    assert.deepEqual(found, [
      "2026-06-14T03:30:00Z",
      "2026-06-14T10:00:00Z",
      "2026-06-14T11:00:00Z",
      "2026-06-14T18:30:00Z",
      "2026-06-15T00:00:00Z",
    ]);
  });

  it("bounds and durations beyond the horizon when nothing recurs", () => {
    const found = candidatesOf(
      {
        notBefore: "2027-01-01T00:00:00+01:00",
        notAfter: "2028-01-01T00:00:00Z",
        durations: [
          { from: "PodStart", for: "10m" },
          { from: "BindingCreation", for: "1h30m5s" },
        ],
      },
      "2026-05-01T11:00:00Z",
      8,
      { podStart: "2026-05-01T12:00:00Z", bindingCreated: "2026-05-01T10:00:00Z" },
    );
    assert.deepEqual(found, [
      "2026-05-01T11:30:05Z",
      "2026-05-01T12:00:00Z",
      "2026-05-01T12:10:00Z",
      "2026-12-31T23:00:00Z",
      "2028-01-01T00:00:00Z",
    ]);
  });

  it("no bound beyond the horizon beside a window, whose edges there are not looked for", () => {
    const box = { ...timeBoxOf(nightly), notAfter: "2028-01-01T00:00:00Z" };
    assert.ok(!candidatesOf(box, "2026-06-14T00:00:00Z", 8).includes("2028-01-01T00:00:00Z"));
  });

  it("nothing for a binding without time box", () => {
    assert.deepEqual(candidatesOf(null, "2026-06-14T00:00:00Z", 800), []);
  });
});

describe("a malformed part contributes nothing", () => {
  const rows: readonly { readonly name: string; readonly timeBox: Box }[] = [
    { name: "no object", timeBox: "always" },
    { name: "a list", timeBox: [1] },
    { name: "unknown zone", timeBox: timeBoxOf({ start: "08:00", end: "09:00", timeZone: "Mars/Phobos" }) },
    {
      name: "zone of wrong type",
      timeBox: { timeZone: 5, windows: [{ times: [{ start: "08:00", end: "09:00" }] }] },
    },
    { name: "no zone", timeBox: { windows: [{ times: [{ start: "08:00", end: "09:00" }] }] } },
    { name: "windows of wrong type", timeBox: { timeZone: "UTC", windows: "all", exclusions: [7, null] } },
    { name: "bounds of wrong form", timeBox: { notBefore: "2027-01-01", notAfter: 5 } },
    {
      name: "durations of wrong form",
      timeBox: { durations: [{ from: "PodStart", for: "1.5h" }, { from: "Now", for: "1h" }, null] },
    },
    { name: "no anchor", timeBox: { durations: [{ from: "BindingCreation", for: "10m" }] } },
  ];
  for (const { name, timeBox } of rows) {
    it(name, () => {
      const found = candidatesOf(timeBox, "2026-06-14T00:00:00Z", 8, {
        podStart: "2026-06-13T00:00:00Z",
      });
      assert.deepEqual(found, []);
    });
  }

  it("and leaves the rest in place", () => {
    const timeBox = {
      timeZone: "UTC",
      windows: [{ times: [{ start: "8:00", end: "09:00" }, { start: "10:60", end: "24:01" }, null] }],
    };
    assert.deepEqual(candidatesOf(timeBox, "2026-06-14T00:00:00Z", 1), [
      "2026-06-14T09:00:00Z",
      "2026-06-15T00:00:00Z",
    ]);
  });

  it("whatever the JSON", () => {
    const key = fc.constantFrom(
      "timeZone",
      "windows",
      "exclusions",
      "times",
      "start",
      "durations",
      "from",
      "for",
    );
    const { json } = fc.letrec<{ json: Box }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("UTC", "08:00", "PodStart", "10m", 5, null, true),
        fc.array(tie("json"), { maxLength: 3 }),
        fc.dictionary(key, tie("json"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(json, (timeBox) => {
        candidatesOf(timeBox, "2026-06-14T00:00:00Z", 2, { podStart: "2026-06-13T00:00:00Z" });
      }),
    );
  });
});

describe("candidateInstants", () => {
  const nights: readonly (readonly [zone: string, change: string])[] = [
    ["Europe/Berlin", "2026-03-29T01:00:00Z"],
    ["Europe/Berlin", "2026-10-25T01:00:00Z"],
    ["America/New_York", "2026-03-08T07:00:00Z"],
    ["America/New_York", "2026-11-01T06:00:00Z"],
    ["Australia/Lord_Howe", "2026-04-04T15:00:00Z"],
    ["Australia/Lord_Howe", "2026-10-03T15:30:00Z"],
    ["Pacific/Apia", "2011-12-30T10:00:00Z"],
    ["America/Santiago", "2026-09-06T04:00:00Z"],
    ["America/Santiago", "2026-04-05T03:00:00Z"],
    ["Pacific/Chatham", "2026-04-04T14:00:00Z"],
    ["Atlantic/Azores", "2026-10-25T01:00:00Z"],
    ["Asia/Kolkata", "2026-06-15T00:00:00Z"],
  ];
  const time = fc
    .integer({ min: 0, max: 1439 })
    .map((minute) =>
      Temporal.PlainTime.from("00:00").add({ minutes: minute }).toString({ smallestUnit: "minute" }),
    );
  const window = fc
    .record({
      start: time,
      end: time,
      weekdays: fc.option(fc.subarray(["Mon", "Tue", "Thu", "Fri", "Sat", "Sun"], { minLength: 1 }), {
        nil: undefined,
      }),
      night: fc.constantFrom(...nights),
    })
    .filter(({ start, end }) => start !== end);

  it("holds every change that a minute scan over a clock change finds", () => {
    fc.assert(
      fc.property(window, ({ start, end, weekdays, night: [timeZone, change] }) => {
        const simple: SimpleWindow = {
          start,
          end,
          timeZone,
          ...(weekdays === undefined ? {} : { weekdays }),
        };
        const from = toSeconds(instantOf(change)) - 1.5 * day;
        const facts = {
          boxes: [{ timeBox: timeBoxOf(simple), bindingCreated: null, grants: [] }],
          podStart: null,
        };
        const candidates = new Set(
          candidateInstants(facts, instantFromSeconds(from), 3 * day).map(toSeconds),
        );
        let wasOpen = isOpen(simple, instantFromSeconds(from));
        for (let seconds = from + 60; seconds <= from + 3 * day; seconds += 60) {
          const open = isOpen(simple, instantFromSeconds(seconds));
          assert.ok(open === wasOpen || candidates.has(seconds), formatInstant(instantFromSeconds(seconds)));
          wasOpen = open;
        }
      }),
      { numRuns: 100 },
    );
  });
});
