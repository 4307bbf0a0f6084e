import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { retryAfterSeconds } from "../../../src/runtime/retry-after.ts";

const nowMs = Temporal.Instant.from("2026-06-14T22:00:00Z").epochMilliseconds;

describe("Retry-After", () => {
  const rows = [
    { name: "absent", header: undefined, seconds: null },
    { name: "seconds", header: "17", seconds: 17 },
    { name: "seconds with spaces", header: " 3 ", seconds: 3 },
    { name: "a date to come", header: "Sun, 14 Jun 2026 22:00:30 GMT", seconds: 30 },
    { name: "a date in the past", header: "Sun, 14 Jun 2026 21:00:00 GMT", seconds: 0 },
    { name: "a day that does not exist", header: "Wed, 31 Jun 2026 22:00:00 GMT", seconds: null },
    { name: "no month", header: "Wed, 31 Foo 2026 22:00:00 GMT", seconds: null },
    { name: "a fraction", header: "1.5", seconds: null },
    { name: "negative", header: "-1", seconds: null },
    { name: "beyond all measure", header: "99999999999999999999", seconds: null },
    { name: "nonsense", header: "soon", seconds: null },
  ];
  for (const { name, header, seconds } of rows) {
    it(`reads ${name}`, () => assert.equal(retryAfterSeconds(header, nowMs), seconds));
  }
});
