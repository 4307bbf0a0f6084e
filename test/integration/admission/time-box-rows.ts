import { type Row, rowsFor } from "./rows.ts";

const box = "spec.timeBox";
const rowsAt = <T>(
  at: string,
  boxOf: (value: T) => object,
  cases: Readonly<Record<string, readonly [T, T]>>,
): readonly Row[] => rowsFor<T>("AzureIdentityBinding", at, (value) => ({ timeBox: boxOf(value) }), cases);

const schedule = { openWhen: "Schedule", timeZone: "UTC" };
const nightly = { times: [{ start: "00:00", end: "01:00" }] };
const jit = { maxDuration: "1h", approvals: 1 };
const noSuchDay = "this day does not exist";
const backwards = "the range runs backwards";
const bounds = "must be from 1m to 8784h";

const wholeBox = rowsAt<object>(box, (value) => value, {
  "timeBox limits nothing: give at least one of suspend, notBefore, notAfter, durations, windows, exclusions, jit, or remove timeBox":
    [{ suspend: false }, {}],
  "timeZone is required with windows or exclusions, for example Europe/Berlin or UTC": [
    { ...schedule, windows: [nightly] },
    { openWhen: "Schedule", windows: [nightly] },
  ],
  "openWhen and windows contradict each other: windows need openWhen Schedule, ScheduleOrGrant or ScheduleAndGrant, and these need windows":
    [
      { ...schedule, windows: [nightly] },
      { timeZone: "UTC", windows: [nightly] },
    ],
  "openWhen and jit contradict each other: jit needs openWhen Grant, ScheduleOrGrant or ScheduleAndGrant, and these need jit":
    [
      { openWhen: "Grant", jit },
      { openWhen: "Grant", suspend: false },
    ],
  "notBefore must be earlier than notAfter": [
    { notBefore: "2026-01-01T00:00:00Z", notAfter: "2026-01-01T00:00:00-01:00" },
    { notBefore: "2026-01-01T00:00:00Z", notAfter: "2026-01-01T01:00:00+01:00" },
  ],
  "exemptGrants needs jit: without grants there is nothing to exempt": [
    { openWhen: "Grant", jit, timeZone: "UTC", exclusions: [{ ...nightly, exemptGrants: true }] },
    { timeZone: "UTC", exclusions: [{ ...nightly, exemptGrants: true }] },
  ],
});

const instants = ["notBefore", "notAfter"].flatMap((name) =>
  rowsAt<string>(`${box}.${name}`, (value) => ({ [name]: value }), {
    pattern: ["2099-12-31T23:59:59+14:59", "9999-12-31T00:00:00Z"],
    [noSuchDay]: ["2028-02-29T00:00:00Z", "2026-02-29T00:00:00Z"],
  }),
);

const durationFields: Readonly<Record<string, (value: string) => object>> = {
  "durations[].for": (value) => ({ durations: [{ from: "PodStart", for: value }] }),
  "jit.maxDuration": (value) => ({ openWhen: "Grant", jit: { ...jit, maxDuration: value } }),
  "jit.approvalTimeout": (value) => ({ openWhen: "Grant", jit: { ...jit, approvalTimeout: value } }),
};
const durations = Object.entries(durationFields).flatMap(([name, boxOf]) =>
  rowsAt<string>(`${box}.${name}`, boxOf, {
    pattern: ["8784h", "3 weeks"],
    [bounds]: ["1m", "59s"],
  }),
);

const limitFields: Readonly<Record<string, (value: string) => object>> = {
  "token.minLifetime": (value) => ({ suspend: false, token: { minLifetime: value } }),
  "token.maxOverhang": (value) => ({ suspend: false, token: { maxOverhang: value } }),
  "assignment.leadTime": (value) => ({ suspend: false, assignment: { leadTime: value } }),
  "assignment.keepIfReopensWithin": (value) => ({
    suspend: false,
    assignment: { keepIfReopensWithin: value },
  }),
};
const limits = Object.entries(limitFields).flatMap(([name, boxOf]) =>
  rowsAt<string>(`${box}.${name}`, boxOf, {
    pattern: ["0s", "1.5h"],
    "must be at most 8784h": ["8784h", "8784h1s"],
  }),
);

const boxZone = rowsAt<string>(
  `${box}.timeZone`,
  (timeZone) => ({ openWhen: "Schedule", timeZone, windows: [nightly] }),
  { pattern: ["Asia/Kolkata", "europe/berlin"], "unknown time zone": ["Europe/Kyiv", "Europe/berlin"] },
);

/** The fields that windows and exclusions share. */
const windowRows = (list: "windows" | "exclusions"): readonly Row[] => {
  const boxOf = (entry: object): object =>
    list === "windows" ? { ...schedule, windows: [entry] } : { timeZone: "UTC", exclusions: [entry] };
  const at = `${box}.${list}[]`;
  return [
    ...rowsAt<object>(at, boxOf, {
      "this would mean always: give at least one of times, weekdays, daysOfMonth, months, years, dates": [
        { name: "nightly", weekdays: ["Mon"] },
        { name: "nightly" },
      ],
    }),
    ...rowsAt<string>(`${at}.timeZone`, (timeZone) => boxOf({ ...nightly, timeZone }), {
      pattern: ["America/Argentina/Buenos_Aires", "+05:30"],
    }),
    ...rowsAt<string>(`${box}.${list}`, (timeZone) => boxOf({ ...nightly, timeZone }), {
      "unknown time zone": ["UTC", "Mars/Phobos"],
    }),
    ...timeRows(at, (times) => boxOf({ times: [times] })),
    ...rowsAt<string>(`${at}.weekdays[]`, (day) => boxOf({ weekdays: [day] }), {
      pattern: ["Fri..Mon", "Mon-Fri"],
    }),
    ...rowsAt<string>(`${at}.daysOfMonth[]`, (day) => boxOf({ daysOfMonth: [day] }), {
      pattern: ["-1", "32"],
      "the range runs backwards; write two entries, such as 25..31 and 1..5": ["20..-1", "25..5"],
    }),
    ...rowsAt<string>(`${at}.months[]`, (month) => boxOf({ months: [month] }), {
      pattern: ["Nov..Feb", "November"],
    }),
    ...rowsAt<string>(`${at}.years[]`, (year) => boxOf({ years: [year] }), {
      pattern: ["2026", "1999"],
      [backwards]: ["2026..2027", "2027..2026"],
    }),
    ...rowsAt<string>(`${at}.dates[]`, (date) => boxOf({ dates: [date] }), {
      pattern: ["12-24..01-02", "12-24..2027-01-02"],
      [noSuchDay]: ["02-29", "2026-02-30"],
      [backwards]: ["2026-12-24..2027-01-02", "2027-01-02..2026-12-24"],
    }),
  ];
};

const timeRows = (at: string, boxOf: (times: object) => object): readonly Row[] => [
  ...rowsAt<object>(`${at}.times[]`, boxOf, {
    "start and end must differ; the whole day is start 00:00, end 24:00": [
      { start: "22:00", end: "00:00" },
      { start: "09:00", end: "09:00" },
    ],
  }),
  ...rowsAt<string>(`${at}.times[].start`, (start) => boxOf({ start, end: "10:00" }), {
    pattern: ["09:00", "9:00"],
  }),
  ...rowsAt<string>(`${at}.times[].end`, (end) => boxOf({ start: "00:00", end }), {
    pattern: ["24:00", "24:01"],
  }),
];

export const timeBoxRows: readonly Row[] = [
  ...wholeBox,
  ...instants,
  ...durations,
  ...limits,
  ...boxZone,
  ...windowRows("windows"),
  ...windowRows("exclusions"),
];
