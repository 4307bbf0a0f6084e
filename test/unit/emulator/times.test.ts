import assert from "node:assert/strict";
import { it } from "node:test";

import { entraTime, httpTime, isoTime, unixSeconds } from "../../../src/emulator/times.ts";

const unixMs = Temporal.Instant.from("2026-06-04T02:03:05.250Z").epochMilliseconds;

it("writes an instant the way each endpoint does", () => {
  assert.equal(isoTime(unixMs), "2026-06-04T02:03:05.25Z");
  assert.equal(entraTime(unixMs), "2026-06-04 02:03:05Z");
  assert.equal(httpTime(unixMs), "Thu, 04 Jun 2026 02:03:05 GMT");
  assert.equal(unixSeconds(unixMs), 1_780_538_585);
});
