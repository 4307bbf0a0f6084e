import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { crds, fits, objectOf } from "./manifest-fixtures.ts";

const boxFits = (timeBox: unknown): boolean => fits("AzureIdentityBinding", { timeBox });
const windowFits = (more: object): boolean =>
  boxFits({ openWhen: "Schedule", timeZone: "UTC", windows: [{ weekdays: ["Mon"], ...more }] });

describe("the schema of time boxes", () => {
  it("accepts the whole shape of a time box", () => {
    const common = {
      name: "nightly",
      times: [{ start: "22:00", end: "24:00" }],
      weekdays: ["Mon..Fri", "Sun"],
      daysOfMonth: ["1..5", "-1", "20..-1", "-3..-1"],
      months: ["Nov..Feb"],
      years: ["2026..2027", "2030"],
      dates: ["2026-12-24..2027-01-02", "12-25", "02-29", "12-24..01-02"],
      timeZone: "Asia/Kolkata",
    };
    const box = {
      suspend: false,
      notBefore: "2026-01-01T00:00:00Z",
      notAfter: "2027-01-01T00:00:00+01:00",
      durations: [
        { from: "PodStart", for: "10m" },
        { from: "BindingCreation", for: "1h30m" },
      ],
      openWhen: "ScheduleOrGrant",
      timeZone: "Europe/Berlin",
      windows: [common],
      exclusions: [{ ...common, exemptGrants: false }],
      jit: { maxDuration: "1h", approvals: 1, approvalTimeout: "24h", preProvision: "OnApproval" },
      token: { clampResponse: true, minLifetime: "0s", maxOverhang: "1h" },
      assignment: { leadTime: "180s", keepIfReopensWithin: "26h" },
    };
    assert.deepEqual(
      crds.AzureIdentityBinding.validate(objectOf("AzureIdentityBinding", { timeBox: box })),
      [],
    );
  });

  // reference/time-boxes.md §2.5 and scenario 37, as far as patterns decide; the rest is CEL and policy.
  const forms: readonly {
    field: string;
    of: (value: unknown) => boolean;
    good: unknown[];
    bad: unknown[];
  }[] = [
    {
      field: "timeZone",
      of: (timeZone) => boxFits({ timeZone }),
      good: ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"],
      bad: ["", "Local", "+05:30", "GMT", "EST5EDT", "europe/berlin", "Europe", "Europe/Berlin ", null, 1],
    },
    {
      field: "notAfter",
      of: (notAfter) => boxFits({ notAfter }),
      good: ["2019-01-01T00:00:00Z", "2099-12-31T23:59:59-14:59"],
      bad: [
        "2019-01-01",
        "9999-12-31T00:00:00Z",
        "1999-01-01T00:00:00Z",
        "2026-01-01t00:00:00z",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00+15:00",
      ],
    },
    {
      field: "for",
      of: (value) => boxFits({ durations: [{ from: "PodStart", for: value }] }),
      good: ["90m", "1h30m", "45s", "8784h"],
      bad: ["3 weeks", "1.5h", "1d", "", "h", "30m1h", "-5m", 600, "1h 30m"],
    },
    {
      field: "durations without for",
      of: (durations) => boxFits({ durations }),
      good: [[{ from: "BindingCreation", for: "1m" }]],
      bad: [[], [{ from: "PodStart" }], [{ for: "10m" }], [{ from: "podStart", for: "10m" }]],
    },
    {
      field: "openWhen",
      of: (openWhen) => boxFits({ openWhen }),
      good: ["Always", "Schedule", "Grant", "ScheduleOrGrant", "ScheduleAndGrant"],
      bad: ["schedule", "Never", ""],
    },
    {
      field: "start",
      of: (start) => windowFits({ times: [{ start, end: "10:00" }] }),
      good: ["00:00", "09:05", "23:59"],
      bad: ["24:00", "9:00", "09:60", "0900", 1320],
    },
    {
      field: "end",
      of: (end) => windowFits({ times: [{ start: "00:00", end }] }),
      good: ["00:01", "24:00"],
      bad: ["24:01", "25:00", "1:00"],
    },
    {
      field: "weekdays",
      of: (value) => windowFits({ weekdays: [value] }),
      good: ["Mon", "Sun..Fri", "Mon..Mon"],
      bad: ["mon", "Monday", "Mon-Fri", "Mon...Fri", ""],
    },
    {
      field: "months",
      of: (value) => windowFits({ months: [value] }),
      good: ["Jan", "Nov..Feb"],
      bad: ["January", "1", "jan"],
    },
    {
      field: "daysOfMonth",
      of: (value) => windowFits({ daysOfMonth: [value] }),
      good: ["1", "31", "-31", "8..14", "20..-1", "-7..-1"],
      bad: ["0", "32", "01", "-0", "-32", "-3..3", "1-5", 5],
    },
    {
      field: "years",
      of: (value) => windowFits({ years: [value] }),
      good: ["2026", "2026..2027"],
      bad: ["1999", "2100", "26", 2026],
    },
    {
      field: "dates",
      of: (value) => windowFits({ dates: [value] }),
      good: ["2026-12-24", "12-25", "02-29", "2026-12-24..2027-01-02", "12-24..01-02"],
      bad: [
        "12-24..2027-01-02",
        "2026-12-24..01-02",
        "2026-13-01",
        "12-32",
        "2026-1-1",
        "1999-12-24",
        "9999-01-01",
      ],
    },
    {
      field: "approvals",
      of: (approvals) => boxFits({ openWhen: "Grant", jit: { maxDuration: "1h", approvals } }),
      good: [0, 8],
      bad: [-1, 9, "1", 0.5],
    },
    {
      field: "jit",
      of: (jit) => boxFits({ openWhen: "Grant", jit }),
      good: [{ maxDuration: "1h", approvals: 1 }],
      bad: [{ approvals: 1 }, { maxDuration: "1h" }, {}],
    },
    {
      field: "minLifetime",
      of: (minLifetime) => boxFits({ token: { minLifetime } }),
      good: ["0s", "5m"],
      bad: ["0", "5 m"],
    },
    {
      field: "a field in the wrong case",
      of: (box) => boxFits(box),
      good: [{ notBefore: "2026-01-01T00:00:00Z" }],
      bad: [{ NotBefore: "2026-01-01T00:00:00Z" }, { notbefore: "2026-01-01T00:00:00Z" }],
    },
  ];
  for (const { field, of, good, bad } of forms) {
    it(`judges the form of ${field}`, () => {
      assert.deepEqual(
        good.filter((value) => !of(value)),
        [],
        "refused, but good",
      );
      assert.deepEqual(
        bad.filter((value) => of(value)),
        [],
        "accepted, but bad",
      );
    });
  }
});
