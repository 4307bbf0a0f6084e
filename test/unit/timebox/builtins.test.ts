import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { TimeboxError } from "../../../src/timebox/errors.ts";
import { createTimeBuiltins } from "../../../src/timebox/builtins.ts";
import { askNativeOpa, askOurs, type Call } from "./native-opa.ts";

const midsummer = 1_781_474_400_000_000_000n; // 2026-06-14T22:00:00Z

/** Of OPA's own case time/format: a double cannot hold it. */
const conformance = 1_670_006_453_141_828_752n;

const durations = [
  ..."100ms 90m 1h30m 45s -1.5h +2h45m 0 -0 +0 1.5d 1d2h 3w 2y -1d 1.25w .5h 5.h 1h1h 1ns 1us 1µs 1μs".split(
    " ",
  ),
  ..."0.0000001d 1dms d 1 1H 1M h .h -.h 1..5h 1.2.3d . - + -- 1h- 1d- 3weeks 1mo 1y2mo 1e3s ٣h".split(" "),
  ..."9223372036854775807ns 9223372036854775808ns -9223372036854775808ns -9223372036854775809ns".split(" "),
  ..."2562047h47m16.854775807s 2562047h47m16.854775808s 292y 293y 106751d 106752d 0.1h0.01m 1.000000000000000001s".split(
    " ",
  ),
  ..."99999999999999999999h 0.99999999999999999999s 1.123456789123s 0.3333333333333333333h".split(" "),
  ..."1µd 1d1µs 1d1μs 1.d .5d .d 00000000000000000000001h 1h2".split(" "),
  "",
  " 1h",
  "1 h",
  "1h ",
  "3 weeks",
  "1h\n",
];

const instants = [
  ..."2026-06-14T22:00:00Z 2026-06-14T22:00:00.5Z 2026-06-14T22:00:00,5Z 2026-06-14T22:00:00.1234567891Z".split(
    " ",
  ),
  ..."2026-06-14T22:00:00+02:00 2026-06-14T22:00:00-00:00 2026-06-14T22:00:00+24:00 2026-06-14T22:00:00+25:00".split(
    " ",
  ),
  ..."2026-06-14T22:00:00+01:60 2026-06-14T22:00:00+01:61 2026-06-14T9:00:00Z 2026-06-14T24:00:00Z".split(
    " ",
  ),
  ..."2026-06-14t22:00:00Z 2026-06-14T22:00:00z 2026-06-14T22:00:60Z 2026-06-14T22:00Z 2026-06-14".split(" "),
  ..."2026-02-29T00:00:00Z 2028-02-29T00:00:00Z 2026-13-01T00:00:00Z 2026-00-01T00:00:00Z 2026-01-00T00:00:00Z".split(
    " ",
  ),
  ..."2026-06-14T22:00:00+0200 2026-06-14T22:00:00+02 2026-06-14T22:00:00.Z 2026-06-14T22:00:00 26-06-14T22:00:00Z".split(
    " ",
  ),
  ..."1677-09-21T00:12:43.145224192-00:00 1677-09-21T00:12:43.145224191-00:00".split(" "),
  ..."2262-04-11T23:47:16.854775807-00:00 2262-04-11T23:47:16.854775808-00:00 0000-01-01T00:00:00Z".split(
    " ",
  ),
  "2026-06-14 22:00:00Z",
  "2026-06-14T22:00:00Z[UTC]",
  "2026-06-14T22:00:00Z ",
  "",
];

const layoutNames =
  "ANSIC UnixDate RubyDate RFC822 RFC822Z RFC850 RFC1123 RFC1123Z RFC3339 RFC3339Nano Kitchen".split(" ");
const layouts = [
  ...layoutNames,
  "2006-01-02",
  "",
  "January 2, 2006 at 3:04pm (MST)",
  "Jan _2 06 03:04:05PM",
  "Monday Mondays Mon Monk Jan Janus",
  "002 __2 _2 _2006 __2006 2 02 20062",
  "15:4:5.000 5,000000 .999 .0 .9 .0001 .99 9",
  "-07 -0700 -07:00 -070000 -07:00:00 Z07 Z0700 Z07:00 Z070000 Z07:00:00",
  "1/2/06 15 1 01 010",
  "no elements",
  "ünïcödé 2006",
];
const moments: readonly (readonly [bigint, string])[] = [
  [midsummer, "UTC"],
  [midsummer + 123_456_789n, "UTC"],
  [midsummer + 120_000_000n, ""],
  [conformance, "UTC"],
  [1_767_225_600_000_000_000n, "UTC"],
  [951_825_600_000_000_000n, "UTC"],
  [-1n, "UTC"],
];
const zonedLayouts = layouts.filter((layout) => !/MST|UnixDate|RFC822$|RFC850|RFC1123$/.test(layout));

const texts: readonly (readonly [layout: string, value: string])[] = [
  ["RFC822Z", "02 Jun 17 19:00 -0700"],
  ["01/02 03:04:05PM '06 -0700", "06/02 07:00:00PM '17 -0700"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 UTC"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 GMT+3"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 GMT+24"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 GMT"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 +03"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 WITA"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 ABCD"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 ABCDE"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 ABCDT"],
  ["RFC1123", "tue, 02 jAN 2006 15:04:05 ChST"],
  ["RFC1123", "Mon, 02 Jan 2006 15:04:05 +3"],
  ["UnixDate", "Mon Jan  2 15:04:05 MST 2006"],
  ["ANSIC", "Mon Jan 2 15:04:05 2006"],
  ["ANSIC", "Mon   Jan  2 15:04:05 2006"],
  ["ANSIC", "MonJan 2 15:04:05 2006"],
  ["RFC850", "Monday, 02-Jan-69 15:04:05 UTC"],
  ["RFC850", "Monday, 02-Jan-68 15:04:05 UTC"],
  ["2006-01-02", "2026-02-28"],
  ["2006-01-02", "2026-02-29"],
  ["2006-01-02", "2026-02-28 "],
  ["2006-01-02 ", "2026-02-28"],
  ["2006-1-2", "2026-2-8"],
  ["2006-01-02", "2026-2-8"],
  ["2006 002", "2028 060"],
  ["2006 002", "2026 366"],
  ["2006 002", "2028 366"],
  ["2006 __2", "2026   5"],
  ["2006 002 01 02", "2026 032 02 01"],
  ["2006 002 01 02", "2026 032 02 02"],
  ["2006-01-02 3PM", "2026-06-14 12AM"],
  ["2006-01-02 3PM", "2026-06-14 12PM"],
  ["2006-01-02 3pm", "2026-06-14 11pm"],
  ["2006-01-02 3pm", "2026-06-14 11PM"],
  ["2006-01-02 3PM", "2026-06-14 13PM"],
  ["2006-01-02 15:04:05.000", "2026-06-14 22:00:00.123"],
  ["2006-01-02 15:04:05.000", "2026-06-14 22:00:00.12"],
  ["2006-01-02 15:04:05,000", "2026-06-14 22:00:00.123"],
  ["2006-01-02 15:04:05.999", "2026-06-14 22:00:00"],
  ["2006-01-02 15:04:05.999", "2026-06-14 22:00:00.123456"],
  ["2006-01-02 15:04:05", "2026-06-14 22:00:00.123456"],
  ["2006-01-02 15:04:05 .000", "2026-06-14 22:00:00 .123"],
  ["2006-01-02Z07", "2026-06-14Z"],
  ["2006-01-02Z07", "2026-06-14+05"],
  ["2006-01-02Z07:00:00", "2026-06-14-05:30:15"],
  ["2006-01-02Z070000", "2026-06-14+053015"],
  ["2006-01-02-07:00", "2026-06-14Z"],
  ["2006-01-02Z07:00", "2026-06-14+05:3"],
  ["2006-01-02Z07:00 MST", "2026-06-14+05:30 IST"],
  ["January 2 2006", "may 5 2026"],
  ["Jan 2 2006", "May 5 2026"],
  ["Monday", "Tuesday"],
  ["15:04", "22:00"],
  ["", ""],
  ["", "x"],
];

const oddOperands: readonly unknown[] = [
  [0, -1, 5.5, 1e300, 1e18, "5", null, true, {}, [], [null], ["5"], [0], [0, ""], [0, "UTC"], [[0]]],
  [
    [0, "utc"],
    [0, null],
    [0, 5],
    [0, "Mars/Phobos"],
    [0, "+05:30"],
    [0, "UTC", "x"],
    [0, "UTC", null],
  ],
  [
    [0, "Europe/Berlin", "", "more"],
    [0.5, "UTC"],
    2n ** 63n - 1n,
    2n ** 63n,
    -(2n ** 63n),
    -(2n ** 63n) - 1n,
  ],
].flat();
const addends: readonly (readonly [unknown, unknown, unknown])[] = [
  [0, 1, 0],
  [1, 0, 0],
  [0, 0, 1],
  [-1, -1, -1],
  [0, 13, 0],
  [0, -13, 0],
  [0, 0, 400],
  [0, 0, -400],
  [300, 0, 0],
  [-400, 0, 0],
  [1_000_000, 0, 0],
  [0, 1.5, 0],
  ["1", 0, 0],
  [null, 0, 0],
  [0, 0, 1e30],
];

const oddCalls: readonly Call[] = oddOperands.flatMap((operand): readonly Call[] => [
  ["time.clock", operand],
  ["time.date", operand],
  ["time.weekday", operand],
  ["time.format", operand],
  ["time.add_date", operand, 0, 1, 0],
  ["time.diff", operand, 0],
  ["time.diff", 0, operand],
  ["time.parse_rfc3339_ns", operand],
  ["time.parse_duration_ns", operand],
  ["time.parse_ns", operand, "2026"],
  ["time.parse_ns", "2006", operand],
]);

const groups: readonly { readonly name: string; readonly calls: readonly Call[] }[] = [
  { name: "durations", calls: durations.map((text): Call => ["time.parse_duration_ns", text]) },
  { name: "RFC 3339", calls: instants.map((text): Call => ["time.parse_rfc3339_ns", text]) },
  { name: "layouts, read", calls: texts.map(([layout, value]): Call => ["time.parse_ns", layout, value]) },
  {
    name: "layouts, written in UTC",
    calls: moments.flatMap(([ns, zone]) =>
      layouts.map((layout): Call => ["time.format", [ns, zone, layout]]),
    ),
  },
  {
    name: "layouts, written in other zones",
    calls: ["Asia/Kolkata", "America/St_Johns", "Europe/London"].flatMap((zone) =>
      zonedLayouts.map((layout): Call => ["time.format", [conformance, zone, layout]]),
    ),
  },
  {
    name: "add_date",
    calls: [1_769_860_800_000_000_000n, 1_709_208_000_000_000_000n].flatMap((ns) =>
      addends.map(([years, months, days]): Call => ["time.add_date", ns, years, months, days]),
    ),
  },
  { name: "odd operands", calls: oddCalls },
];

describe("built-ins answer as OPA itself does", () => {
  const native = askNativeOpa(groups.flatMap(({ calls }) => calls)).values();
  for (const { name, calls } of groups) {
    const expected = native.take(calls.length).toArray();
    it(`${name}: ${calls.length} answers`, () => {
      const ours = askOurs(calls);
      const differing = calls
        .map((call, index) => ({ call, ours: ours[index], native: expected[index] }))
        .filter((row) => row.ours !== row.native);
      assert.deepEqual(differing, []);
    });
  }
});

describe("time.format", () => {
  it("throws for a zone's abbreviation outside UTC, which Node does not know", () => {
    const format = createTimeBuiltins()["time.format"];
    assert.throws(
      () => format?.([0, "Europe/Berlin", "RFC1123"]),
      (error) => error instanceof TimeboxError && error.code === "ZoneAbbreviationUnknown",
    );
  });
});

describe("createTimeBuiltins", () => {
  it("does not offer time.now_ns: a policy's only clock is input.now", () => {
    assert.deepEqual(Object.keys(createTimeBuiltins()).toSorted(), [
      "time.add_date",
      "time.clock",
      "time.date",
      "time.diff",
      "time.format",
      "time.parse_duration_ns",
      "time.parse_ns",
      "time.parse_rfc3339_ns",
      "time.weekday",
    ]);
  });

  it("answers the same when it is asked about more instants than it keeps", () => {
    const calls = Array.from({ length: 60 }, (_, index): Call => {
      const ns = Number(midsummer) + (index % 13) * 3600e9;
      return ["time.clock", [ns, index % 2 === 0 ? "Europe/Berlin" : "America/New_York"]];
    });
    assert.deepEqual(
      askOurs(calls),
      calls.map((call) => askOurs([call])[0]),
    );
  });
});
