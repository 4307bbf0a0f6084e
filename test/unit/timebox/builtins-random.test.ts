import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as fc from "fast-check";
import { z } from "zod";

import { askNativeOpa, askOurs, type Call } from "./native-opa.ts";

// Random operands, near enough to valid ones that a good part is: each group in one run of OPA.
const runs = { numRuns: 3000, seed: 3 };

const anyInstant = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const small = fc.integer({ min: -50, max: 50 });

const amount = fc.constantFrom("", "1", "0", "12", "1.5", ".5", "3.", "007", "0.00001", "9223372036", "1..2");
const unit = fc.constantFrom("h", "m", "s", "ms", "us", "µs", "ns", "d", "w", "y", "", "x", "hd");
const duration = fc
  .tuple(fc.constantFrom("", "-", "+"), fc.array(fc.tuple(amount, unit), { minLength: 1, maxLength: 3 }))
  .map(([sign, segments]) => sign + segments.flat().join(""));

const padded = (min: number, max: number, digits = 2): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((value) => String(value).padStart(digits, "0"));
const stamp = fc
  .tuple(
    fc.tuple(padded(1670, 2270, 4), padded(1, 12), padded(1, 31)).map((date) => date.join("-")),
    fc.tuple(padded(0, 24), padded(0, 60), padded(0, 60)).map((time) => time.join(":")),
    fc.constantFrom("", "", ".5", ",25", ".", ".1234567890123"),
    fc.constantFrom("Z", "Z", "z", "+05:30", "-00:00", "+24:00", "+23:60", "+1:00", ""),
  )
  .map(([date, time, fraction, offset]) => `${date}T${time}${fraction}${offset}`);

const layoutElements = [
  ..."2006 06 Jan January 01 1 Mon Monday 02 _2 2 002 __2 15 03 3 04 4 05 5 PM pm MST".split(" "),
  ..."-0700 -07:00 -07 -070000 -07:00:00 Z0700 Z07:00 Z07 Z070000 .000 .999 ,00 ,9".split(" "),
  ..."- : T x 0".split(" "),
  " ",
];
const layout = fc
  .array(fc.constantFrom(...layoutElements), { maxLength: 10 })
  .map((elements) => ["2006-01-02 15:04:05 ", ...elements].join(""));

function assertSame(calls: readonly Call[]): void {
  const ours = askOurs(calls);
  const native = askNativeOpa(calls);
  const rows = calls.map((call, index) => ({ call, ours: ours[index], native: native[index] }));
  assert.deepEqual(
    rows.filter((row) => row.ours !== row.native),
    [],
  );
  const answered = native.filter((answer) => answer !== "[]").length;
  assert.ok(answered > calls.length / 10, `only ${answered} of ${calls.length} have an answer at all`);
}

describe("built-ins answer as OPA itself does, at random", () => {
  it("for instants", () => {
    const call = fc.oneof(
      fc.tuple(fc.constant("time.date"), anyInstant),
      fc.tuple(fc.constant("time.clock"), anyInstant),
      fc.tuple(fc.constant("time.weekday"), anyInstant),
      fc.tuple(fc.constant("time.format"), fc.tuple(anyInstant, fc.constant("UTC"))),
      fc.tuple(fc.constant("time.add_date"), anyInstant, small, small, small),
      fc.tuple(fc.constant("time.diff"), anyInstant, anyInstant),
    );
    assertSame(fc.sample(call, runs));
  });

  it("for durations", () => {
    assertSame(fc.sample(duration, runs).map((text) => ["time.parse_duration_ns", text]));
  });

  it("for RFC 3339", () => {
    assertSame(fc.sample(stamp, runs).map((text) => ["time.parse_rfc3339_ns", text]));
  });

  it("for layouts, written and read back", () => {
    const pairs = fc.sample(fc.tuple(layout, anyInstant), runs);
    const formats = pairs.map(([text, ns]): Call => ["time.format", [ns, "UTC", text]]);
    assertSame(formats);
    const written = askOurs(formats).map((answer) => z.tuple([z.string()]).parse(JSON.parse(answer))[0]);
    assertSame(pairs.map(([text], index): Call => ["time.parse_ns", text, written[index]]));
  });
});
