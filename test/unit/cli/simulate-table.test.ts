import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { renderSimulationSvg } from "../../../src/cli/simulate-svg.ts";
import { renderSimulationTable } from "../../../src/cli/simulate-table.ts";
import { cause, identity, interval, simulation, week } from "./simulations.ts";

describe("the table of a simulation", () => {
  it("has a row for each interval, and one for what is never in force", () => {
    const [from, to, policy, , ...lines] = renderSimulationTable(week).split("\n");
    assert.deepEqual(
      [from, to, policy],
      [
        "from     2026-06-15T00:00:00Z",
        "to       2026-06-22T00:00:00Z",
        "policy   revision test (sha256:0123456789ab)",
      ],
    );
    assert.deepEqual(
      lines.map((line) => line.split(/ {2,}/)),
      [
        ["POD", "IDENTITY", "FROM", "TO", "LOCAL TIME", "BINDINGS", "OPENS", "CLOSES"],
        [
          "shop/frontend-0",
          "shop/datastore-reader",
          "before 2026-06-15T00:00:00Z",
          "2026-06-15T06:00:00Z",
          "Mon 2026-06-15 02:00 – 08:00 Europe/Berlin",
          "shop/nightly",
          "-",
          "OutsideSchedule",
        ],
        [
          "shop/frontend-0",
          "shop/datastore-reader",
          "2026-06-17T10:00:00Z",
          "2026-06-17T10:15:00Z",
          "Wed 2026-06-17 12:00 – 12:15 Europe/Berlin",
          "shop/nightly",
          "OutsideSchedule ends",
          "OutsideSchedule",
        ],
        [
          "shop/frontend-0",
          "shop/datastore-reader",
          "2026-06-19T22:00:00Z",
          "2026-06-21T04:00:00Z",
          "Sat 2026-06-20 00:00 – Sun 2026-06-21 06:00 Europe/Berlin",
          "shop/nightly, shop/weekend",
          "OutsideSchedule ends",
          "OutsideSchedule",
        ],
        [
          "shop/frontend-0",
          "shop/datastore-reader",
          "2026-06-21T20:00:00Z",
          "beyond 2026-06-22T00:00:00Z",
          "Sun 2026-06-21 22:00 – Mon 2026-06-22 02:00 Europe/Berlin",
          "shop/nightly",
          "OutsideSchedule ends",
          "-",
        ],
        [
          "shop/frontend-0",
          "shop/always",
          "before 2026-06-15T00:00:00Z",
          "beyond 2026-06-22T00:00:00Z",
          "-",
          "shop/always",
          "-",
          "-",
        ],
        ["shop/frontend-0", "shop/never", "never", "-", "-", "shop/off", "-", "Suspended"],
        [""],
        ["exempt: the platform's metadata service answers, whatever stands above: platform/agent-0"],
        [""],
        ["no binding selects: shop/stray-0"],
      ],
    );
  });

  it("tells the two occurrences of a repeated local time apart", () => {
    const intervals = [interval("2026-04-04T14:30:00Z", "2026-04-04T15:00:00Z")];
    const lane = identity("shop/i", { timeZone: "Australia/Lord_Howe", intervals });
    const pods = [{ pod: "shop/web-0", exempt: false, identities: [lane] }];
    const text = renderSimulationTable(simulation("2026-04-04T00:00:00Z", "2026-04-05T00:00:00Z", pods));
    assert.match(text, /Sun 2026-04-05 01:30\+11:00 – 01:30\+10:30 Australia\/Lord_Howe/);
  });

  it("tells a window in an hour that comes twice apart from the same in its repetition", () => {
    const intervals = [
      interval("2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z"),
      interval("2026-10-25T01:15:00Z", "2026-10-25T01:45:00Z"),
      interval("2026-10-25T02:15:00Z", "2026-10-25T02:45:00Z"),
    ];
    const lane = identity("shop/i", { timeZone: "Europe/Berlin", intervals });
    const pods = [{ pod: "shop/web-0", exempt: false, identities: [lane] }];
    const night = simulation("2026-10-25T00:00:00Z", "2026-10-26T00:00:00Z", pods);
    const local = [
      "Sun 2026-10-25 02:15+02:00 – 02:45+02:00 Europe/Berlin",
      "Sun 2026-10-25 02:15+01:00 – 02:45+01:00 Europe/Berlin",
      "Sun 2026-10-25 03:15 – 03:45 Europe/Berlin",
    ];
    for (const text of [renderSimulationTable(night), renderSimulationSvg(night)]) {
      assert.deepEqual(text.match(/Sun 2026-10-25 .*?Europe\/Berlin/g), local);
    }
  });

  it("says so when no binding selects a pod", () => {
    const stray = { pod: "shop/stray-0", exempt: false, identities: [] };
    const lines = renderSimulationTable(
      simulation("2026-06-15T00:00:00Z", "2026-06-16T00:00:00Z", [stray]),
    ).split("\n");
    assert.deepEqual(lines.slice(4), ["No binding selects any pod.", "", "no binding selects: shop/stray-0"]);
  });

  it("gives no local time where it would be that of UTC, or of none", () => {
    const lines = [null, "UTC"].map((timeZone) => {
      const intervals = [interval("2026-06-15T10:00:00Z", "2026-06-15T11:00:00Z")];
      const pods = [
        { pod: "shop/web-0", exempt: false, identities: [identity("shop/i", { timeZone, intervals })] },
      ];
      return renderSimulationTable(simulation("2026-06-15T00:00:00Z", "2026-06-16T00:00:00Z", pods));
    });
    for (const text of lines) assert.match(text, /11:00:00Z {2}- +shop\/nightly/);
  });

  it("names all that ends when an interval opens", () => {
    const startReason = cause(["shop/oncall"], "NoActiveGrant", "OutsideSchedule");
    const intervals = [interval("2026-06-15T10:00:00Z", "2026-06-15T11:00:00Z", { startReason })];
    const pods = [{ pod: "shop/web-0", exempt: false, identities: [identity("shop/i", { intervals })] }];
    const text = renderSimulationTable(simulation("2026-06-15T00:00:00Z", "2026-06-16T00:00:00Z", pods));
    assert.match(text, /NoActiveGrant, OutsideSchedule end /);
  });
});
