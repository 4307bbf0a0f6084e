import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { axisOf, type Tick } from "../../../src/cli/simulate-svg-axis.ts";
import { instantOf } from "../timebox/reference-window.ts";

const labelsOf = (ticks: readonly Tick[]): readonly string[] => ticks.map(({ label }) => label);

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

describe("the axis takes the finest ticks that have room", () => {
  const rows: readonly {
    readonly name: string;
    readonly from: string;
    readonly to: string;
    /** The first ones. */
    readonly minor: readonly string[];
    readonly major: readonly string[];
  }[] = [
    {
      name: "ten seconds",
      from: "2026-06-14T22:59:55Z",
      to: "2026-06-14T23:00:05Z",
      minor: ["22:59:55", "22:59:56", "22:59:57", "22:59:58", "22:59:59", "23:00", "23:00:01"],
      major: ["Sun 14 Jun 2026"],
    },
    {
      name: "an hour",
      from: "2026-06-14T22:30:00Z",
      to: "2026-06-14T23:30:00Z",
      minor: ["22:30", "22:35", "22:40"],
      major: ["Sun 14 Jun 2026"],
    },
    {
      name: "a day that begins at noon",
      from: "2026-06-14T12:00:00Z",
      to: "2026-06-15T12:00:00Z",
      minor: ["12:00", "15:00", "18:00"],
      major: ["Sun 14 Jun 2026", "Mon 15 Jun 2026"],
    },
    {
      name: "a day that begins a minute before the next one: its name has no room",
      from: "2026-06-14T23:59:00Z",
      to: "2026-06-15T23:59:00Z",
      minor: ["00:00", "03:00"],
      major: ["", "Mon 15 Jun 2026"],
    },
    {
      name: "eight days: years have no room",
      from: "2026-06-14T00:00:00Z",
      to: "2026-06-22T00:00:00Z",
      minor: ["00:00", "12:00", "00:00", "12:00"],
      major: ["14", "15", "16", "17", "18", "19", "20", "21"].map(
        (day, index) => `${weekdays[index % 7]} ${day} Jun`,
      ),
    },
    {
      name: "a fortnight",
      from: "2026-06-24T00:00:00Z",
      to: "2026-07-08T00:00:00Z",
      minor: ["Wed 24", "Thu 25", "Fri 26"],
      major: ["Jun 2026", "Jul 2026"],
    },
    {
      name: "a month",
      from: "2026-06-01T00:00:00Z",
      to: "2026-07-01T00:00:00Z",
      minor: ["1", "2", "3"],
      major: ["Jun 2026"],
    },
    {
      name: "a quarter: Mondays",
      from: "2026-04-01T00:00:00Z",
      to: "2026-07-01T00:00:00Z",
      minor: ["6", "13", "20", "27", "4"],
      major: ["Apr 2026", "May 2026", "Jun 2026"],
    },
    {
      name: "400 days: months",
      from: "2026-01-01T00:00:00Z",
      to: "2027-02-05T00:00:00Z",
      minor: ["Jan", "Feb", "Mar"],
      major: ["2026", "2027"],
    },
    {
      name: "the last days that an instant can be of",
      from: "2116-02-20T12:00:00Z",
      to: "2116-02-20T23:53:38Z",
      minor: ["12:00", "13:00"],
      major: ["Thu 20 Feb 2116"],
    },
  ];
  for (const { name, from, to, minor, major } of rows) {
    it(name, () => {
      const axis = axisOf({ from: instantOf(from), to: instantOf(to) }, 880);
      assert.deepEqual(labelsOf(axis.minor).slice(0, minor.length), minor);
      assert.deepEqual(labelsOf(axis.major), major);
    });
  }
});
