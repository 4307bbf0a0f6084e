import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { formatInstant, parseInstant, toSeconds, type Instant } from "../../../src/timebox/instant.ts";
import { isKnownZone, nextOffsetChange } from "../../../src/timebox/zone.ts";
import { askNativeOpa, askOurs, type Call } from "./native-opa.ts";

// Zones whose law is the same in Go 1.26's tz data (2025c) and Node's. Left out because they differ:
// Africa/Casablanca, Africa/El_Aaiun, America/Vancouver, America/Edmonton, Europe/Chisinau.
const zones = [
  "UTC",
  "Europe/Berlin",
  "Europe/London",
  "America/New_York",
  "America/Santiago",
  "America/St_Johns",
  "Asia/Kolkata",
  "Asia/Tehran",
  "Atlantic/Azores",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Chatham",
  "Antarctica/Troll",
];

const first = required(parseInstant("2009-06-01T00:00:00Z"));
const last = required(parseInstant("2031-01-01T00:00:00Z"));

function required<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

function changesOf(zone: string): readonly Instant[] {
  const changes: Instant[] = [];
  for (
    let change = nextOffsetChange(first, zone);
    change !== undefined && change < last;
    change = nextOffsetChange(change, zone)
  ) {
    changes.push(change);
  }
  return changes;
}

/** Both sides of each change, and wall times in and around the gap or fold, reached by add_date. */
function callsFor(zone: string): readonly Call[] {
  const calls: Call[] = [
    ["time.clock", [first, zone]],
    ["time.clock", [last, zone]],
  ];
  for (const change of changesOf(zone)) {
    for (const ns of [change - 1e9, change, change + 1e9]) {
      calls.push(
        ["time.clock", [ns, zone]],
        ["time.date", [ns, zone]],
        ["time.weekday", [ns, zone]],
        ["time.diff", [ns, zone], [ns - 40 * 86_400e9, "UTC"]],
        ["time.format", [ns, zone]],
      );
    }
    for (let halfHours = -5; halfHours <= 5; halfHours += 1) {
      calls.push(["time.add_date", [change - 86_400e9 + halfHours * 1800e9, zone], 0, 0, 1]);
    }
    calls.push(["time.add_date", [change, zone], -1, 1, 0]);
  }
  return calls;
}

describe("built-ins around clock changes answer as OPA itself does", () => {
  const calls = zones.map((zone) => ({ zone, calls: callsFor(zone) }));
  const native = askNativeOpa(calls.flatMap((entry) => entry.calls)).values();
  for (const entry of calls) {
    const expected = native.take(entry.calls.length).toArray();
    it(`${entry.zone}: ${entry.calls.length} answers`, () => {
      const ours = askOurs(entry.calls);
      const wrong = entry.calls.findIndex((_, index) => ours[index] !== expected[index]);
      assert.equal(
        wrong,
        -1,
        `${JSON.stringify(entry.calls[wrong])}: ours ${ours[wrong]}, OPA's ${expected[wrong]}. Either the two ` +
          `carry different law for ${entry.zone} (Node: tz ${process.versions["tz"]}; OPA: $ZONEINFO, else the ` +
          `system's, else its own) or src/timebox is wrong.`,
      );
    });
  }
});

const aliases = "UTC Asia/Kolkata Asia/Calcutta Europe/Kyiv Europe/Kiev Etc/GMT+5 EST5EDT GMT".split(" ");
const almostNames = [
  ..."europe/berlin Europe/berlin EUROPE/BERLIN utc +05:30 +0530 UTC+1 Mars/Phobos PST IST JST Z".split(" "),
  ..."Europe/ Europe ../UTC /UTC Europe/Berlin/".split(" "),
  " UTC",
];

describe("zone names", () => {
  it("are known exactly when Go knows them", () => {
    const names = [...Intl.supportedValuesOf("timeZone"), ...aliases, ...almostNames];
    const native = askNativeOpa(names.map((name) => ["time.clock", [0, name]]));
    const differing = names.filter((name, index) => isKnownZone(name) !== (native[index] !== "[]"));
    assert.deepEqual(differing, []);
  });

  it("refuses Local, which would be the machine's zone", () => {
    assert.equal(isKnownZone("Local"), false);
  });
});

describe("nextOffsetChange", () => {
  const rows = [
    { zone: "Europe/Berlin", after: "2026-06-01T00:00:00Z", change: "2026-10-25T01:00:00Z" },
    { zone: "America/New_York", after: "2026-01-01T00:00:00Z", change: "2026-03-08T07:00:00Z" },
    { zone: "Australia/Lord_Howe", after: "2026-01-01T00:00:00Z", change: "2026-04-04T15:00:00Z" },
    { zone: "Pacific/Apia", after: "2011-12-01T00:00:00Z", change: "2011-12-30T10:00:00Z" },
    { zone: "America/Santiago", after: "2026-05-01T00:00:00Z", change: "2026-09-06T04:00:00Z" },
  ];
  for (const row of rows) {
    it(`${row.zone} after ${row.after} is ${row.change}`, () => {
      const change = nextOffsetChange(required(parseInstant(row.after)), row.zone);
      assert.equal(formatInstant(required(change)), row.change);
    });
  }

  it("is strictly after the instant asked for", () => {
    const change = required(nextOffsetChange(first, "Europe/Berlin"));
    assert.ok(toSeconds(required(nextOffsetChange(change, "Europe/Berlin"))) > toSeconds(change));
  });

  it("is undefined where clocks are never set again", () => {
    assert.equal(nextOffsetChange(first, "UTC"), undefined);
    assert.equal(nextOffsetChange(first, "Asia/Kolkata"), undefined);
  });
});
