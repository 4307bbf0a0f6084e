import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { readAssignmentTerms } from "../../../src/controller/assignment-terms.ts";
import type { JsonObject } from "../../../src/engine/resources.ts";

const lead = 180;
const keep = 26 * 3600;

describe("readAssignmentTerms", () => {
  const rows: Readonly<Record<string, { timeBox: JsonObject | null; terms: readonly [number, number] }>> = {
    "no time box has the defaults": { timeBox: null, terms: [lead, keep] },
    "no assignment has the defaults": { timeBox: { suspend: false }, terms: [lead, keep] },
    "hours, minutes and seconds add up": {
      timeBox: { assignment: { leadTime: "1h30m", keepIfReopensWithin: "45s" } },
      terms: [5400, 45],
    },
    "zero is a value": {
      timeBox: { assignment: { leadTime: "0s", keepIfReopensWithin: "0s" } },
      terms: [0, 0],
    },
    "one given leaves the other at its default": {
      timeBox: { assignment: { leadTime: "5m" } },
      terms: [300, keep],
    },
    "a wrong order and a fraction count as absent": {
      timeBox: { assignment: { leadTime: "30m1h", keepIfReopensWithin: "1.5h" } },
      terms: [lead, keep],
    },
    "a day and an empty text count as absent": {
      timeBox: { assignment: { leadTime: "1d", keepIfReopensWithin: "" } },
      terms: [lead, keep],
    },
    "a number counts as absent": { timeBox: { assignment: { leadTime: 60 } }, terms: [lead, keep] },
    "an assignment that is no object counts as absent": {
      timeBox: { assignment: ["3m"] },
      terms: [lead, keep],
    },
  };
  for (const [name, { timeBox, terms }] of Object.entries(rows)) {
    it(name, () => {
      const { leadTimeSeconds, keepIfReopensWithinSeconds } = readAssignmentTerms(timeBox);
      assert.deepEqual([leadTimeSeconds, keepIfReopensWithinSeconds], terms);
    });
  }
});
