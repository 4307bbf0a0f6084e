import type { ReasonCode } from "../../../src/engine/reasons.ts";

/** What a pod is answered at an instant, and when that changes. */
export interface Expected {
  readonly at: string;
  /** None: a token. Else 403 with these. */
  readonly reasons: readonly ReasonCode[];
  /** `nextTransition`; null: none within 800 days; undefined: not looked at. */
  readonly next?: string | null;
}

/** An acceptance scenario of reference/time-boxes.md §6, by number. */
export interface Scenario {
  readonly name: string;
  readonly timeBox: object;
  /** The binding's creationTimestamp. */
  readonly created?: string;
  /** The pod's status.startTime. */
  readonly startTime?: string;
  /** In order of time. */
  readonly expected: readonly Expected[];
}

const open = (at: string, next?: string | null): Expected => ({ at, reasons: [], ...nextOf(next) });
const closed = (at: string, reason: ReasonCode, next?: string | null): Expected => ({
  at,
  reasons: [reason],
  ...nextOf(next),
});
const outside = (at: string, next?: string | null): Expected => closed(at, "OutsideSchedule", next);
const nextOf = (next?: string | null): Pick<Expected, "next"> => (next === undefined ? {} : { next });

const scheduled = (timeZone: string, ...windows: readonly object[]): object => ({
  openWhen: "Schedule",
  timeZone,
  windows,
});
const daily = (start: string, end: string, timeZone: string): object =>
  scheduled(timeZone, { times: [{ start, end }] });
const businessNights = scheduled("Europe/Berlin", {
  weekdays: ["Mon..Fri"],
  times: [{ start: "00:00", end: "01:00" }],
});
const podStart = { from: "PodStart", for: "10m" };

const bounds: readonly Scenario[] = [
  {
    name: "1 until an instant",
    timeBox: { notAfter: "2019-01-01T00:00:00Z" },
    expected: [
      open("2018-12-31T23:59:59Z", "2019-01-01T00:00:00Z"),
      closed("2019-01-01T00:00:00Z", "AfterNotAfter", null),
    ],
  },
  {
    name: "2 from an instant on",
    timeBox: { notBefore: "2026-03-01T09:00:00+01:00" },
    expected: [
      closed("2026-03-01T07:59:59Z", "BeforeNotBefore", "2026-03-01T08:00:00Z"),
      open("2026-03-01T08:00:00Z", null),
    ],
  },
  {
    name: "3 ten minutes of a binding, for a pod of its ninth minute too",
    timeBox: { durations: [{ from: "BindingCreation", for: "10m" }] },
    created: "2026-05-01T12:00:00Z",
    startTime: "2026-05-01T12:09:00Z",
    expected: [
      closed("2026-05-01T11:59:59Z", "DurationNotStarted", "2026-05-01T12:00:00Z"),
      open("2026-05-01T12:00:00Z", "2026-05-01T12:10:00Z"),
      open("2026-05-01T12:09:59Z"),
      closed("2026-05-01T12:10:00Z", "DurationElapsed", null),
    ],
  },
  {
    name: "4 ten minutes of a pod",
    timeBox: { durations: [podStart] },
    startTime: "2026-05-01T12:00:00Z",
    expected: [
      open("2026-05-01T12:09:59Z", "2026-05-01T12:10:00Z"),
      closed("2026-05-01T12:10:00Z", "DurationElapsed", null),
    ],
  },
  {
    name: "5 ten minutes of a pod that does not say when it started",
    timeBox: { durations: [podStart] },
    expected: [closed("2026-05-01T12:00:00Z", "AnchorUnknown", null)],
  },
  {
    name: "6 the earliest bound wins",
    timeBox: { durations: [podStart], notAfter: "2026-05-01T12:05:00Z" },
    startTime: "2026-05-01T12:00:00Z",
    expected: [
      open("2026-05-01T12:04:59Z", "2026-05-01T12:05:00Z"),
      closed("2026-05-01T12:05:00Z", "AfterNotAfter", null),
      { at: "2026-05-01T12:10:00Z", reasons: ["AfterNotAfter", "DurationElapsed"], next: null },
    ],
  },
];

const weeks: readonly Scenario[] = [
  {
    name: "7 business nights begin on Sunday in UTC",
    timeBox: businessNights,
    expected: [
      outside("2026-06-14T21:59:59Z", "2026-06-14T22:00:00Z"),
      open("2026-06-14T22:00:00Z", "2026-06-14T23:00:00Z"),
      open("2026-06-14T22:59:59Z"),
      outside("2026-06-14T23:00:00Z", "2026-06-15T22:00:00Z"),
    ],
  },
  {
    name: "8 business nights leave out the weekend",
    timeBox: businessNights,
    expected: [
      outside("2026-06-18T23:00:00Z", "2026-06-21T22:00:00Z"),
      outside("2026-06-19T22:30:00Z"),
      open("2026-06-21T22:00:00Z"),
    ],
  },
  {
    name: "9 business nights without Christmas",
    timeBox: { ...businessNights, exclusions: [{ dates: ["12-25..12-26"] }] },
    expected: [
      open("2026-12-23T23:30:00Z"),
      outside("2026-12-24T00:00:00Z", "2026-12-27T23:00:00Z"),
      closed("2026-12-24T23:30:00Z", "Excluded"),
      open("2026-12-27T23:00:00Z"),
    ],
  },
  {
    name: "10 a window past midnight belongs to the day on which it starts",
    timeBox: scheduled("Europe/Berlin", { weekdays: ["Fri"], times: [{ start: "22:00", end: "02:00" }] }),
    expected: [
      outside("2026-06-18T23:00:00Z", "2026-06-19T20:00:00Z"),
      open("2026-06-19T20:00:00Z", "2026-06-20T00:00:00Z"),
      open("2026-06-19T23:59:59Z"),
      outside("2026-06-20T00:00:00Z", "2026-06-26T20:00:00Z"),
    ],
  },
  {
    name: "11 weekdays wrap around the week",
    timeBox: scheduled("UTC", { weekdays: ["Fri..Mon"] }),
    expected: [
      outside("2026-06-18T23:59:59Z", "2026-06-19T00:00:00Z"),
      open("2026-06-22T23:59:59Z", "2026-06-23T00:00:00Z"),
      outside("2026-06-23T00:00:00Z"),
    ],
  },
  {
    name: "12 windows that touch are one opening",
    timeBox: scheduled(
      "Europe/Berlin",
      { weekdays: ["Fri"], times: [{ start: "18:00", end: "24:00" }] },
      { weekdays: ["Sat..Sun"] },
    ),
    expected: [
      outside("2026-06-19T15:59:59Z", "2026-06-19T16:00:00Z"),
      open("2026-06-19T16:00:00Z", "2026-06-21T22:00:00Z"),
      open("2026-06-19T21:59:59Z"),
      open("2026-06-19T22:00:00Z", "2026-06-21T22:00:00Z"),
      outside("2026-06-21T22:00:00Z"),
    ],
  },
];

const clockChanges: readonly Scenario[] = [
  {
    name: "13 the hour that the clock leaves out",
    timeBox: daily("02:00", "03:00", "Europe/Berlin"),
    expected: [
      outside("2026-03-28T02:00:00Z", "2026-03-30T00:00:00Z"),
      outside("2026-03-29T00:59:59Z"),
      outside("2026-03-29T01:00:00Z"),
      outside("2026-03-29T02:00:00Z"),
      open("2026-03-30T00:00:00Z"),
    ],
  },
  {
    name: "14 half of the hour is left out",
    timeBox: daily("01:30", "02:30", "Europe/Berlin"),
    expected: [
      outside("2026-03-29T00:29:59Z"),
      open("2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
      outside("2026-03-29T01:00:00Z"),
    ],
  },
  {
    name: "15 the hour that the clock repeats is one opening",
    timeBox: daily("02:00", "03:00", "Europe/Berlin"),
    expected: [
      open("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
      open("2026-10-25T01:00:00Z"),
      outside("2026-10-25T02:00:00Z"),
    ],
  },
  {
    name: "16 an end within the repeated hour closes twice",
    timeBox: daily("01:30", "02:30", "Europe/Berlin"),
    expected: [
      open("2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z"),
      outside("2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"),
      open("2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"),
      outside("2026-10-25T01:30:00Z"),
    ],
  },
  {
    name: "17 a night of seven hours and one of nine",
    timeBox: daily("22:00", "06:00", "America/New_York"),
    expected: [
      open("2026-03-08T03:00:00Z", "2026-03-08T10:00:00Z"),
      outside("2026-03-08T10:00:00Z"),
      open("2026-11-01T02:00:00Z", "2026-11-01T11:00:00Z"),
      outside("2026-11-01T11:00:00Z"),
    ],
  },
  {
    name: "18 the small hours after a Sunday of 23 hours",
    timeBox: scheduled("America/New_York", { weekdays: ["Sun"], times: [{ start: "22:00", end: "06:00" }] }),
    expected: [open("2026-03-09T04:30:00Z", "2026-03-09T10:00:00Z"), outside("2026-03-09T10:00:00Z")],
  },
  {
    name: "20 half an hour is repeated",
    timeBox: daily("01:30", "02:00", "Australia/Lord_Howe"),
    expected: [open("2026-04-04T14:30:00Z", "2026-04-04T15:30:00Z"), outside("2026-04-04T15:30:00Z")],
  },
  {
    name: "21 half an hour is left out",
    timeBox: daily("02:00", "02:30", "Australia/Lord_Howe"),
    expected: [outside("2026-10-03T15:30:00Z", "2026-10-04T15:00:00Z"), open("2026-10-04T15:00:00Z")],
  },
  {
    name: "27 midnight is left out",
    timeBox: daily("00:00", "01:00", "America/Santiago"),
    expected: [
      outside("2026-09-05T05:00:00Z", "2026-09-07T03:00:00Z"),
      outside("2026-09-06T04:00:00Z"),
      open("2026-09-07T03:00:00Z"),
    ],
  },
];

const dates: readonly Scenario[] = [
  {
    name: "19 the last day of the month",
    timeBox: scheduled("America/New_York", { daysOfMonth: ["-1"] }),
    expected: [outside("2026-03-30T16:00:00Z", "2026-03-31T04:00:00Z"), open("2026-03-31T16:00:00Z")],
  },
  {
    name: "22 a zone with half an hour",
    timeBox: scheduled("Asia/Kolkata", { weekdays: ["Mon..Fri"], times: [{ start: "09:00", end: "18:00" }] }),
    expected: [
      outside("2026-06-15T03:29:59Z", "2026-06-15T03:30:00Z"),
      open("2026-06-15T03:30:00Z", "2026-06-15T12:30:00Z"),
      outside("2026-06-15T12:30:00Z"),
      open("2026-12-14T03:30:00Z"),
    ],
  },
  {
    name: "23 the day that leap years add",
    timeBox: scheduled("UTC", { dates: ["02-29"] }),
    expected: [
      outside("2027-02-28T12:00:00Z", "2028-02-29T00:00:00Z"),
      outside("2027-03-01T12:00:00Z"),
      open("2028-02-29T12:00:00Z"),
    ],
  },
  {
    name: "23 the last day of February",
    timeBox: scheduled("UTC", { months: ["Feb"], daysOfMonth: ["-1"] }),
    expected: [
      outside("2027-02-27T12:00:00Z", "2027-02-28T00:00:00Z"),
      outside("2028-02-28T12:00:00Z", "2028-02-29T00:00:00Z"),
      outside("2100-02-27T12:00:00Z", "2100-02-28T00:00:00Z"),
      open("2100-02-28T12:00:00Z"),
    ],
  },
  {
    name: "24 a year ends with the night that starts in it",
    timeBox: scheduled("Europe/Berlin", { years: ["2026"], times: [{ start: "22:00", end: "02:00" }] }),
    expected: [open("2027-01-01T00:59:59Z", "2027-01-01T01:00:00Z"), outside("2027-01-01T01:00:00Z", null)],
  },
  {
    name: "25 the Friday that Samoa left out",
    timeBox: scheduled("Pacific/Apia", { weekdays: ["Fri"] }),
    expected: [outside("2011-12-30T10:00:00Z", "2012-01-05T10:00:00Z"), open("2012-01-05T10:00:00Z")],
  },
  {
    name: "26 a night across the day that Samoa left out",
    timeBox: scheduled("Pacific/Apia", { weekdays: ["Thu"], times: [{ start: "22:00", end: "02:00" }] }),
    expected: [open("2011-12-30T08:00:00Z", "2011-12-30T12:00:00Z"), outside("2011-12-30T12:00:00Z")],
  },
  {
    name: "26 a night of the Friday that Samoa left out",
    timeBox: scheduled("Pacific/Apia", { weekdays: ["Fri"], times: [{ start: "22:00", end: "02:00" }] }),
    expected: [outside("2011-12-30T08:00:00Z", "2012-01-06T08:00:00Z")],
  },
];

export const scenarios: readonly Scenario[] = [...bounds, ...weeks, ...clockChanges, ...dates];
