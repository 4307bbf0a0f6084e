import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { formatInstant, type Instant } from "../../../src/timebox/instant.ts";
import { findNextChange, type NextChange, type ProbeAnswer } from "../../../src/timebox/next-change.ts";
import { instantOf, isOpen, timeBoxOf, type SimpleWindow } from "./reference-window.ts";

type Judge = (instant: Instant) => boolean;

/** A policy that judges by `judge`, and what it was asked. */
function policyOf(
  judge: Judge,
  now: Instant,
): { ask: (probes: readonly Instant[]) => ProbeAnswer; asked: number[] } {
  const asked: number[] = [];
  const ask = (probes: readonly Instant[]): ProbeAnswer => {
    asked.push(probes.length);
    return { inForce: judge(now), probes: probes.map(judge) };
  };
  return { ask, asked };
}

function shown(change: NextChange): readonly [boolean, string | null, string | null] {
  const { inForce, nextTransition, nextState, validUntil } = change;
  assert.equal(validUntil, inForce ? nextTransition : null);
  return [inForce, nextTransition === null ? null : formatInstant(nextTransition), nextState];
}

function nextOf(windows: readonly SimpleWindow[], at: string): ReturnType<typeof shown> {
  const now = instantOf(at);
  const { ask } = policyOf((instant) => windows.some((window) => isOpen(window, instant)), now);
  const boxes = windows.map((window) => ({ timeBox: timeBoxOf(window), bindingCreated: null, grants: [] }));
  return shown(findNextChange({ now, facts: { boxes, podStart: null }, ask }));
}

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri"];
const businessNights = { start: "00:00", end: "01:00", weekdays, timeZone: "Europe/Berlin" };
const daily = (start: string, end: string, timeZone: string): SimpleWindow => ({ start, end, timeZone });

describe("findNextChange finds the next edge", () => {
  // Numbers are the scenarios of reference/time-boxes.md §6.
  const rows: readonly {
    readonly name: string;
    readonly windows: readonly SimpleWindow[];
    readonly at: string;
    readonly inForce: boolean;
    readonly next: string;
  }[] = [
    {
      name: "7: inside",
      windows: [businessNights],
      at: "2026-06-14T22:00:00Z",
      inForce: true,
      next: "2026-06-14T23:00:00Z",
    },
    {
      name: "7: a second before",
      windows: [businessNights],
      at: "2026-06-14T21:59:59Z",
      inForce: false,
      next: "2026-06-14T22:00:00Z",
    },
    {
      name: "8: over a weekend",
      windows: [businessNights],
      at: "2026-06-18T23:00:00Z",
      inForce: false,
      next: "2026-06-21T22:00:00Z",
    },
    {
      name: "12: no blip where windows touch",
      windows: [
        { start: "18:00", end: "24:00", weekdays: ["Fri"], timeZone: "Europe/Berlin" },
        { start: "00:00", end: "24:00", weekdays: ["Sat", "Sun"], timeZone: "Europe/Berlin" },
      ],
      at: "2026-06-19T16:00:00Z",
      inForce: true,
      next: "2026-06-21T22:00:00Z",
    },
    {
      name: "13: hour missing in Berlin",
      windows: [daily("02:00", "03:00", "Europe/Berlin")],
      at: "2026-03-28T02:00:00Z",
      inForce: false,
      next: "2026-03-30T00:00:00Z",
    },
    {
      name: "14: end missing in Berlin",
      windows: [daily("01:30", "02:30", "Europe/Berlin")],
      at: "2026-03-29T00:30:00Z",
      inForce: true,
      next: "2026-03-29T01:00:00Z",
    },
    {
      name: "15: hour twice in Berlin",
      windows: [daily("02:00", "03:00", "Europe/Berlin")],
      at: "2026-10-25T00:00:00Z",
      inForce: true,
      next: "2026-10-25T02:00:00Z",
    },
    {
      name: "16: end inside the repeated hour",
      windows: [daily("01:30", "02:30", "Europe/Berlin")],
      at: "2026-10-24T23:30:00Z",
      inForce: true,
      next: "2026-10-25T00:30:00Z",
    },
    {
      name: "16: opens a second time",
      windows: [daily("01:30", "02:30", "Europe/Berlin")],
      at: "2026-10-25T00:30:00Z",
      inForce: false,
      next: "2026-10-25T01:00:00Z",
    },
    {
      name: "17: short night in New York",
      windows: [daily("22:00", "06:00", "America/New_York")],
      at: "2026-03-08T03:00:00Z",
      inForce: true,
      next: "2026-03-08T10:00:00Z",
    },
    {
      name: "17: long night in New York",
      windows: [daily("22:00", "06:00", "America/New_York")],
      at: "2026-11-01T02:00:00Z",
      inForce: true,
      next: "2026-11-01T11:00:00Z",
    },
    {
      name: "20: half hour twice on Lord Howe",
      windows: [daily("01:30", "02:00", "Australia/Lord_Howe")],
      at: "2026-04-04T14:30:00Z",
      inForce: true,
      next: "2026-04-04T15:30:00Z",
    },
    {
      name: "21: half hour missing on Lord Howe",
      windows: [daily("02:00", "02:30", "Australia/Lord_Howe")],
      at: "2026-10-03T15:30:00Z",
      inForce: false,
      next: "2026-10-04T15:00:00Z",
    },
    {
      name: "25: no Friday in Apia",
      windows: [{ start: "00:00", end: "24:00", weekdays: ["Fri"], timeZone: "Pacific/Apia" }],
      at: "2011-12-30T10:00:00Z",
      inForce: false,
      next: "2012-01-05T10:00:00Z",
    },
    {
      name: "26: across the skipped day",
      windows: [{ start: "22:00", end: "02:00", weekdays: ["Thu"], timeZone: "Pacific/Apia" }],
      at: "2011-12-30T08:00:00Z",
      inForce: true,
      next: "2011-12-30T12:00:00Z",
    },
    {
      name: "27: midnight missing in Santiago",
      windows: [daily("00:00", "01:00", "America/Santiago")],
      at: "2026-09-05T05:00:00Z",
      inForce: false,
      next: "2026-09-07T03:00:00Z",
    },
  ];
  for (const { name, windows, at, inForce, next } of rows) {
    it(name, () => {
      assert.deepEqual(nextOf(windows, at), [inForce, next, inForce ? "closed" : "open"]);
    });
  }
});

describe("findNextChange", () => {
  const now = instantOf("2026-05-01T00:00:00Z");
  const noFacts = { boxes: [{ timeBox: null, bindingCreated: null, grants: [] }], podStart: null };

  it("asks once, without probes, when no binding has a time box", () => {
    const { ask, asked } = policyOf(() => true, now);
    assert.deepEqual(shown(findNextChange({ now, facts: noFacts, ask })), [true, null, null]);
    assert.deepEqual(asked, [0]);
  });

  it("asks about eight days first, and about each instant once when it has to look further", () => {
    const opening = instantOf("2026-07-01T00:00:00Z");
    const { ask, asked } = policyOf((instant) => instant >= opening, now);
    const facts = {
      ...noFacts,
      boxes: [
        { timeBox: { timeZone: "UTC", windows: [{ months: ["Jul"] }] }, bindingCreated: null, grants: [] },
      ],
    };
    assert.deepEqual(shown(findNextChange({ now, facts, ask })), [false, "2026-07-01T00:00:00Z", "open"]);
    assert.deepEqual(asked, [8, 24, 96]);
  });

  it("answers null for a box that does not change within 800 days", () => {
    const { ask, asked } = policyOf(() => false, now);
    const facts = {
      ...noFacts,
      boxes: [
        { timeBox: { timeZone: "UTC", windows: [{ years: ["2031"] }] }, bindingCreated: null, grants: [] },
      ],
    };
    assert.deepEqual(shown(findNextChange({ now, facts, ask })), [false, null, null]);
    assert.deepEqual(asked, [8, 24, 96, 500, 172]);
  });

  it("asks about fewer instants at a time the more boxes each of them concerns", () => {
    const { ask, asked } = policyOf(() => false, now);
    const box = {
      timeBox: { timeZone: "UTC", windows: [{ years: ["2031"] }] },
      bindingCreated: null,
      grants: [],
    };
    const facts = { ...noFacts, boxes: Array.from({ length: 100 }, () => box) };
    assert.deepEqual(shown(findNextChange({ now, facts, ask })), [false, null, null]);
    assert.deepEqual(asked.slice(0, 3), [5, 3, 5]);
    assert.equal(Math.max(...asked), 5);
  });

  it("finds a bound of years ahead with one question when nothing recurs", () => {
    const end = instantOf("2040-01-01T00:00:00Z");
    const { ask, asked } = policyOf((instant) => instant < end, now);
    const facts = {
      ...noFacts,
      boxes: [{ timeBox: { notAfter: "2040-01-01T00:00:00Z" }, bindingCreated: null, grants: [] }],
    };
    assert.deepEqual(shown(findNextChange({ now, facts, ask })), [true, "2040-01-01T00:00:00Z", "closed"]);
    assert.deepEqual(asked, [1]);
  });

  it("does not take a far bound for the next change when an exclusion comes first", () => {
    const end = instantOf("2026-07-01T00:00:00Z");
    const freeze = instantOf("2026-06-10T00:00:00Z");
    const { ask } = policyOf((instant) => instant < end && instant < freeze, now);
    const timeBox = {
      notAfter: "2026-07-01T00:00:00Z",
      timeZone: "UTC",
      exclusions: [{ dates: ["06-10..06-20"] }],
    };
    const facts = { ...noFacts, boxes: [{ timeBox, bindingCreated: null, grants: [] }] };
    assert.deepEqual(shown(findNextChange({ now, facts, ask })), [true, "2026-06-10T00:00:00Z", "closed"]);
  });

  it("sees the hole between two boxes of one identity", () => {
    const windows = [daily("00:00", "01:00", "UTC"), daily("02:00", "03:00", "UTC")];
    assert.deepEqual(nextOf(windows, "2026-05-01T00:30:00Z"), [true, "2026-05-01T01:00:00Z", "closed"]);
  });

  it("sees no hole where the second box takes over", () => {
    const windows = [daily("00:00", "01:00", "UTC"), daily("01:00", "03:00", "UTC")];
    assert.deepEqual(nextOf(windows, "2026-05-01T00:30:00Z"), [true, "2026-05-01T03:00:00Z", "closed"]);
  });

  it("takes an answer with too few probes for closed, with nothing known of what comes", () => {
    const timeBox = { notAfter: "2026-05-02T00:00:00Z" };
    const facts = { ...noFacts, boxes: [{ timeBox, bindingCreated: null, grants: [] }] };
    const change = findNextChange({ now, facts, ask: () => ({ inForce: true, probes: [] }) });
    assert.deepEqual(shown(change), [false, null, null]);
  });
});
