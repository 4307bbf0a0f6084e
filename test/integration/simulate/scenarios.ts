import type { ReasonCode } from "../../../src/engine/reasons.ts";
import { grants } from "./grant-scenarios.ts";
import type { Expected, Scenario } from "./scenario.ts";

const outside: readonly ReasonCode[] = ["OutsideSchedule"];
const window = (from: string, to: string): Expected => [from, to, outside, outside];
const scheduled = (timeZone: string, ...windows: readonly object[]): object => ({
  openWhen: "Schedule",
  timeZone,
  windows,
});
const times = (start: string, end: string): object => ({ times: [{ start, end }] });
const daily = (start: string, end: string, timeZone: string): object =>
  scheduled(timeZone, times(start, end));
const businessNights = scheduled("Europe/Berlin", { weekdays: ["Mon..Fri"], ...times("00:00", "01:00") });
const podStart = { from: "PodStart", for: "10m" };

const bounds: readonly Scenario[] = [
  {
    name: "1 until an instant",
    timeBox: { notAfter: "2019-01-01T00:00:00Z" },
    from: "2018-12-31T00:00:00Z",
    to: "2019-01-02T00:00:00Z",
    intervals: [["2018-12-31T00:00:00Z", "2019-01-01T00:00:00Z", null, ["AfterNotAfter"]]],
  },
  {
    name: "2 from an instant on",
    timeBox: { notBefore: "2026-03-01T09:00:00+01:00" },
    from: "2026-03-01T00:00:00Z",
    to: "2026-03-02T00:00:00Z",
    intervals: [["2026-03-01T08:00:00Z", "2026-03-02T00:00:00Z", ["BeforeNotBefore"], null]],
  },
  {
    name: "3 ten minutes of a binding",
    timeBox: { durations: [{ from: "BindingCreation", for: "10m" }] },
    created: "2026-05-01T12:00:00Z",
    from: "2026-05-01T00:00:00Z",
    to: "2026-05-02T00:00:00Z",
    intervals: [
      ["2026-05-01T12:00:00Z", "2026-05-01T12:10:00Z", ["DurationNotStarted"], ["DurationElapsed"]],
    ],
  },
  {
    name: "4 ten minutes of a pod, whatever its containers do",
    timeBox: { durations: [podStart] },
    startTime: "2026-05-01T12:00:00Z",
    from: "2026-05-01T00:00:00Z",
    to: "2026-05-02T00:00:00Z",
    intervals: [
      ["2026-05-01T12:00:00Z", "2026-05-01T12:10:00Z", ["DurationNotStarted"], ["DurationElapsed"]],
    ],
  },
  {
    name: "5 a pod that does not say when it started",
    timeBox: { durations: [podStart] },
    from: "2026-05-01T00:00:00Z",
    to: "2026-05-02T00:00:00Z",
    intervals: [],
    closed: [["AnchorUnknown"]],
  },
  {
    name: "6 the earliest bound wins",
    timeBox: { durations: [podStart], notAfter: "2026-05-01T12:05:00Z" },
    startTime: "2026-05-01T12:00:00Z",
    from: "2026-05-01T00:00:00Z",
    to: "2026-05-02T00:00:00Z",
    intervals: [["2026-05-01T12:00:00Z", "2026-05-01T12:05:00Z", ["DurationNotStarted"], ["AfterNotAfter"]]],
    closed: [["DurationNotStarted"], ["AfterNotAfter"], ["AfterNotAfter", "DurationElapsed"]],
  },
];

const weeks: readonly Scenario[] = [
  {
    name: "7, 8 business nights, over a weekend",
    timeBox: businessNights,
    from: "2026-06-18T12:00:00Z",
    to: "2026-06-22T12:00:00Z",
    intervals: [
      window("2026-06-18T22:00:00Z", "2026-06-18T23:00:00Z"),
      window("2026-06-21T22:00:00Z", "2026-06-21T23:00:00Z"),
    ],
  },
  {
    name: "9 business nights without Christmas",
    timeBox: { ...businessNights, exclusions: [{ dates: ["12-25..12-26"] }] },
    from: "2026-12-23T12:00:00Z",
    to: "2026-12-28T12:00:00Z",
    intervals: [
      window("2026-12-23T23:00:00Z", "2026-12-24T00:00:00Z"),
      window("2026-12-27T23:00:00Z", "2026-12-28T00:00:00Z"),
    ],
    closed: [outside, outside, ["Excluded"], ["Excluded", "OutsideSchedule"], outside, outside],
  },
  {
    name: "10 past midnight belongs to the day before",
    timeBox: scheduled("Europe/Berlin", { weekdays: ["Fri"], ...times("22:00", "02:00") }),
    from: "2026-06-18T00:00:00Z",
    to: "2026-06-25T00:00:00Z",
    intervals: [window("2026-06-19T20:00:00Z", "2026-06-20T00:00:00Z")],
  },
  {
    name: "11 weekdays wrap around the week",
    timeBox: scheduled("UTC", { weekdays: ["Fri..Mon"] }),
    from: "2026-06-18T00:00:00Z",
    to: "2026-06-26T12:00:00Z",
    intervals: [
      window("2026-06-19T00:00:00Z", "2026-06-23T00:00:00Z"),
      ["2026-06-26T00:00:00Z", "2026-06-26T12:00:00Z", outside, null],
    ],
  },
  {
    name: "12 windows that adjoin are one interval",
    timeBox: scheduled(
      "Europe/Berlin",
      { weekdays: ["Fri"], ...times("18:00", "24:00") },
      { weekdays: ["Sat..Sun"] },
    ),
    from: "2026-06-18T00:00:00Z",
    to: "2026-06-24T00:00:00Z",
    intervals: [window("2026-06-19T16:00:00Z", "2026-06-21T22:00:00Z")],
  },
];

const clockChanges: readonly Scenario[] = [
  {
    name: "13 the missing hour does not happen",
    timeBox: daily("02:00", "03:00", "Europe/Berlin"),
    from: "2026-03-28T00:00:00Z",
    to: "2026-03-31T00:00:00Z",
    intervals: [
      window("2026-03-28T01:00:00Z", "2026-03-28T02:00:00Z"),
      window("2026-03-30T00:00:00Z", "2026-03-30T01:00:00Z"),
    ],
  },
  {
    name: "14 a window loses what the gap takes",
    timeBox: daily("01:30", "02:30", "Europe/Berlin"),
    from: "2026-03-28T12:00:00Z",
    to: "2026-03-29T12:00:00Z",
    intervals: [window("2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z")],
  },
  {
    name: "15 the repeated hour is open both times, with no edge between",
    timeBox: daily("02:00", "03:00", "Europe/Berlin"),
    from: "2026-10-24T12:00:00Z",
    to: "2026-10-25T12:00:00Z",
    intervals: [window("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z")],
  },
  {
    name: "16 a window that ends in the fold closes and opens again",
    timeBox: daily("01:30", "02:30", "Europe/Berlin"),
    from: "2026-10-24T12:00:00Z",
    to: "2026-10-25T12:00:00Z",
    intervals: [
      window("2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z"),
      window("2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"),
    ],
  },
  {
    name: "17 the night of the spring change has seven hours",
    timeBox: daily("22:00", "06:00", "America/New_York"),
    from: "2026-03-07T12:00:00Z",
    to: "2026-03-08T12:00:00Z",
    intervals: [window("2026-03-08T03:00:00Z", "2026-03-08T10:00:00Z")],
  },
  {
    name: "17 the night of the autumn change has nine",
    timeBox: daily("22:00", "06:00", "America/New_York"),
    from: "2026-10-31T12:00:00Z",
    to: "2026-11-01T12:00:00Z",
    intervals: [window("2026-11-01T02:00:00Z", "2026-11-01T11:00:00Z")],
  },
  {
    name: "18 the night after a Sunday of 23 hours",
    timeBox: scheduled("America/New_York", { weekdays: ["Sun"], ...times("22:00", "06:00") }),
    from: "2026-03-08T00:00:00Z",
    to: "2026-03-10T00:00:00Z",
    intervals: [window("2026-03-09T02:00:00Z", "2026-03-09T10:00:00Z")],
  },
  {
    name: "20 half an hour is repeated",
    timeBox: daily("01:30", "02:00", "Australia/Lord_Howe"),
    from: "2026-04-04T00:00:00Z",
    to: "2026-04-05T00:00:00Z",
    intervals: [window("2026-04-04T14:30:00Z", "2026-04-04T15:30:00Z")],
  },
  {
    name: "21 half an hour is missing",
    timeBox: daily("02:00", "02:30", "Australia/Lord_Howe"),
    from: "2026-10-03T00:00:00Z",
    to: "2026-10-05T00:00:00Z",
    intervals: [window("2026-10-04T15:00:00Z", "2026-10-04T15:30:00Z")],
  },
  {
    name: "27 midnight is missing",
    timeBox: daily("00:00", "01:00", "America/Santiago"),
    from: "2026-09-05T05:00:00Z",
    to: "2026-09-07T12:00:00Z",
    intervals: [window("2026-09-07T03:00:00Z", "2026-09-07T04:00:00Z")],
  },
];

const dates: readonly Scenario[] = [
  {
    name: "19 the last day of the month",
    timeBox: scheduled("America/New_York", { daysOfMonth: ["-1"] }),
    from: "2026-03-29T00:00:00Z",
    to: "2026-04-03T00:00:00Z",
    intervals: [window("2026-03-31T04:00:00Z", "2026-04-01T04:00:00Z")],
  },
  {
    name: "22 office hours in a zone of half hours",
    timeBox: scheduled("Asia/Kolkata", { weekdays: ["Mon..Fri"], ...times("09:00", "18:00") }),
    from: "2026-06-15T00:00:00Z",
    to: "2026-06-16T00:00:00Z",
    intervals: [window("2026-06-15T03:30:00Z", "2026-06-15T12:30:00Z")],
  },
  {
    name: "23 29 February, in a leap year",
    timeBox: scheduled("UTC", { dates: ["02-29"] }),
    from: "2028-02-20T00:00:00Z",
    to: "2029-03-10T00:00:00Z",
    intervals: [window("2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z")],
  },
  {
    name: "24 the year is that of the evening",
    timeBox: scheduled("Europe/Berlin", { years: ["2026"], ...times("22:00", "02:00") }),
    from: "2026-12-31T12:00:00Z",
    to: "2027-01-31T00:00:00Z",
    intervals: [window("2026-12-31T21:00:00Z", "2027-01-01T01:00:00Z")],
  },
  {
    name: "25 a Friday that did not happen",
    timeBox: scheduled("Pacific/Apia", { weekdays: ["Fri"] }),
    from: "2011-12-28T00:00:00Z",
    to: "2012-01-07T00:00:00Z",
    intervals: [window("2012-01-05T10:00:00Z", "2012-01-06T10:00:00Z")],
  },
  {
    name: "26 a night across a skipped day",
    timeBox: scheduled("Pacific/Apia", { weekdays: ["Thu"], ...times("22:00", "02:00") }),
    from: "2011-12-29T12:00:00Z",
    to: "2011-12-31T12:00:00Z",
    intervals: [window("2011-12-30T08:00:00Z", "2011-12-30T12:00:00Z")],
  },
  {
    name: "26 the same of a Friday that did not happen",
    timeBox: scheduled("Pacific/Apia", { weekdays: ["Fri"], ...times("22:00", "02:00") }),
    from: "2011-12-29T12:00:00Z",
    to: "2012-01-07T00:00:00Z",
    intervals: [window("2012-01-06T08:00:00Z", "2012-01-06T12:00:00Z")],
  },
];

export const scenarios: readonly Scenario[] = [...bounds, ...weeks, ...clockChanges, ...dates, ...grants];
