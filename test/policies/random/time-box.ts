import * as fc from "fast-check";

export type Fields = Readonly<Record<string, unknown>>;

/** What random boxes have in common. */
export interface Setting {
  /** Unix seconds, a whole minute: bounds and grants lie around it. */
  readonly anchor: number;
  readonly zones: readonly string[];
  /** Only what admission accepts, with every edge on a whole minute of every clock. */
  readonly tidy: boolean;
}

/** `value` in `percent` of the cases, else null. */
export function maybe<T>(value: fc.Arbitrary<T>, percent: number): fc.Arbitrary<T | null> {
  return fc.oneof(
    { weight: percent, arbitrary: value },
    { weight: 100 - percent, arbitrary: fc.constant(null) },
  );
}

/** One object of all parts; what is null is left out. */
export function fieldsOf(...parts: readonly Fields[]): Fields {
  return Object.fromEntries(parts.flatMap(Object.entries).filter(([, value]) => value !== null));
}

/** Unix seconds within `hours` of the anchor; unless tidy, some are off the minute. */
export function near({ anchor, tidy }: Setting, hours: number): fc.Arbitrary<number> {
  const odd = tidy ? fc.constant(0) : fc.constantFrom(0, 0, 0, -1, 1, 47);
  const minutes = fc.oneof(
    fc.integer({ min: -hours, max: hours }).map((hour) => hour * 60),
    fc.integer({ min: -hours * 4, max: hours * 4 }).map((quarter) => quarter * 15),
    fc.integer({ min: -hours * 60, max: hours * 60 }),
  );
  return fc.tuple(minutes, odd).map(([minute, seconds]) => anchor + minute * 60 + seconds);
}

/** When a binding was created: mostly before its grants, which would be void otherwise. */
export function bindingCreated(setting: Setting): fc.Arbitrary<string> {
  return stampNear({ ...setting, anchor: setting.anchor - 20 * 3600 }, 24);
}

/** An instant as the API server writes it; unless tidy, now and then with a fraction or malformed. */
export function stampNear(setting: Setting, hours: number): fc.Arbitrary<string> {
  const stamp = near(setting, hours).map((seconds) =>
    Temporal.Instant.fromEpochMilliseconds(seconds * 1000).toString(),
  );
  if (setting.tidy) return stamp;
  return fc.oneof(
    { weight: 60, arbitrary: stamp },
    { weight: 2, arbitrary: stamp.map((text) => text.replace("Z", ".25Z")) },
    { weight: 2, arbitrary: stamp.map((text) => text.replace("Z", "+14:30")) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("", "yesterday", "2026-02-30T00:00:00Z", "9999-12-31T00:00:00Z"),
    },
  );
}

export function durationText({ tidy }: { readonly tidy: boolean }): fc.Arbitrary<string> {
  const whole = ["10m", "1h30m", "8h", "24h", "72h"];
  return fc.constantFrom(...whole, ...(tidy ? [] : ["45s", "2h3m4s"]));
}

/** What files may hold where a value of another form is due. */
const malformed = fc.constantFrom<unknown>(
  null,
  5,
  -1,
  true,
  "",
  "x",
  "24:30",
  "Mon..",
  "2026-02-30",
  "99..1",
  [],
  {},
  ["Mon"],
  { start: "10:00" },
);

type Spoil = (value: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>;

/** Now and then something malformed in the place of `value`. */
export const spoiling: Spoil = (value) =>
  fc.oneof({ weight: 200, arbitrary: value }, { weight: 1, arbitrary: malformed });

const pad = (value: number): string => String(value).padStart(2, "0");
const clock = (first: number, last: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: first, max: last }), fc.constantFrom(0, 0, 30, 15, 45, 59, 1))
    .map(([hour, minute]) => `${pad(hour)}:${pad(minute)}`);
const times = fc
  .record({ start: clock(0, 23), end: fc.oneof(clock(0, 23), clock(0, 3), fc.constant("24:00")) })
  .map(({ start, end }) => ({ start, end: start === end ? "24:00" : end }));

const range = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(value, { minLength: 1, maxLength: 2 }).map((bounds) => bounds.join(".."));
const ascending = (value: fc.Arbitrary<number>): fc.Arbitrary<string> =>
  fc
    .array(value, { minLength: 1, maxLength: 2 })
    .map((bounds) => bounds.toSorted((a, b) => a - b).join(".."));

const weekday = fc.constantFrom("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun");
const month = fc.constantFrom(..."Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" "));
const fromStart = fc.integer({ min: 1, max: 31 });
const fromEnd = fc.integer({ min: -31, max: -1 });
const dayOfMonth = fc.oneof(
  ascending(fromStart),
  ascending(fromEnd),
  fc.tuple(fromStart, fromEnd).map((bounds) => bounds.join("..")),
);
const year = ascending(fc.constantFrom(2011, 2012, 2025, 2026, 2027, 2028));
const monthDay = fc.constantFrom("01-01", "02-29", "03-28", "04-05", "06-14", "10-25", "12-24", "12-31");
const fullDate = fc.constantFrom(
  "2011-12-31",
  "2026-03-29",
  "2026-04-05",
  "2026-06-15",
  "2026-10-25",
  "2028-02-29",
);
const date = fc.oneof(
  range(monthDay),
  fc.array(fullDate, { minLength: 1, maxLength: 2 }).map((bounds) => bounds.toSorted().join("..")),
);

/** Mostly times, with few other filters: many at once are hardly ever open together. */
const filterNames = fc.oneof(
  { weight: 6, arbitrary: fc.constant<string[]>(["times"]) },
  { weight: 6, arbitrary: fc.constant<string[]>(["times", "weekdays"]) },
  {
    weight: 3,
    arbitrary: fc.subarray(["times", "weekdays", "daysOfMonth", "months", "years", "dates"], {
      minLength: 1,
      maxLength: 2,
    }),
  },
);

/** A window, or an exclusion without `exemptGrants`. */
export function randomWindow({ zones, tidy }: Setting): fc.Arbitrary<Fields> {
  const spoil: Spoil = tidy ? (value) => value : spoiling;
  const list = (entry: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    spoil(fc.array(spoil(entry), { minLength: 1, maxLength: 3 }));
  const filters = fc.record({
    times: list(times),
    weekdays: list(range(weekday)),
    daysOfMonth: list(dayOfMonth),
    months: list(range(month)),
    years: list(year),
    dates: list(date),
  });
  const wrongZone = fc.constantFrom("Mars/Phobos", "europe/berlin", "+05:30", "Local", "");
  const zone = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...zones) },
    { weight: tidy ? 0 : 1, arbitrary: wrongZone },
  );
  return fc.tuple(filters, filterNames, maybe(zone, 25)).map(([all, names, timeZone]) => {
    const chosen = Object.entries(all).filter(([name]) => names.includes(name));
    return fieldsOf(Object.fromEntries(chosen), { timeZone });
  });
}

/** Objects as they may stand in `spec.timeBox`; unless tidy, some are malformed in a place or two. */
export function randomTimeBox(setting: Setting): fc.Arbitrary<Fields> {
  const spoil: Spoil = setting.tidy ? (value) => value : spoiling;
  const list = (entry: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
    spoil(fc.array(spoil(entry), { minLength: 1, maxLength: 3 }));
  const duration = durationText(setting);
  const windows = list(randomWindow(setting));
  const exclusion = fc.record({
    filters: randomWindow(setting),
    exemptGrants: maybe(spoil(fc.boolean()), 50),
  });
  const jit = fc.record(
    {
      maxDuration: spoil(fc.constantFrom("1h30m", "8h", "24h", "72h")),
      approvals: spoil(fc.constantFrom(0, 0, 0, 1, 1, 2)),
      approvalTimeout: spoil(duration),
      preProvision: fc.constant("OnApproval"),
    },
    { requiredKeys: ["maxDuration", "approvals"] },
  );
  const modes: Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<unknown>>>>> = {
    Always: { suspend: fc.constant(false) },
    Schedule: { windows },
    Grant: { jit: spoil(jit) },
    ScheduleOrGrant: { windows, jit: spoil(jit) },
    ScheduleAndGrant: { windows, jit: spoil(jit) },
  };
  const required = fc
    .constantFrom(...Object.keys(modes), "Schedule", "Schedule", "ScheduleOrGrant")
    .chain((mode) => fc.record({ openWhen: spoil(fc.constant(mode)), ...modes[mode] }));
  const more = fc
    .record({
      suspend: maybe(spoil(fc.boolean()), 5),
      notBefore: maybe(spoil(stampNear(setting, 72)), 8),
      notAfter: maybe(spoil(stampNear(setting, 72)), 8),
      durations: maybe(
        list(
          fc.record({ from: spoil(fc.constantFrom("PodStart", "BindingCreation")), for: spoil(duration) }),
        ),
        8,
      ),
      exclusions: maybe(
        list(exclusion.map(({ filters, exemptGrants }) => fieldsOf(filters, { exemptGrants }))),
        25,
      ),
      timeZone: maybe(fc.constantFrom(...setting.zones), setting.tidy ? 100 : 98),
      token: maybe(
        fc.record(
          { clampResponse: spoil(fc.boolean()), minLifetime: spoil(duration), maxOverhang: spoil(duration) },
          { requiredKeys: [] },
        ),
        10,
      ),
    })
    .map((fields) => fieldsOf(fields));
  return fc.tuple(required, more).map((parts) => fieldsOf(...parts));
}
