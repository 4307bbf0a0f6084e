import { instantFromSeconds, latestSeconds, parseInstant, toSeconds, type Instant } from "./instant.ts";
import { isKnownZone, nextOffsetChange, offsetSecondsAt } from "./zone.ts";

/**
 * The instants at which a time box could open or close. This is the only host file that knows the
 * fields of `spec.timeBox`; whether a box is open at an instant is for the policy to say. A mistake here
 * makes a wake-up late and opens nothing (reference/time-boxes.md §3.2).
 */

type Json = string | number | boolean | null | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [key: string]: Json;
}

/** A binding's time box as written, null when it has none, and what its durations are counted from. */
interface AnchoredTimeBox {
  readonly timeBox: Json;
  readonly bindingCreated: Instant | null;
  /** Just-in-time grants for the binding, whatever became of them. */
  readonly grants: readonly GrantFacts[];
}

/** What the interval of a grant is made of; null where the object does not say it, or not as an instant. */
interface GrantFacts {
  readonly created: Instant | null;
  readonly notBefore: Instant | null;
  /** As written. */
  readonly for: string;
  /** When somebody had their say. */
  readonly approved: readonly Instant[];
}

/** Everything that moves the answer for one pod, or for one pod and one identity. */
export interface TimeFacts {
  readonly boxes: readonly AnchoredTimeBox[];
  /** `pod.status.startTime`. */
  readonly podStart: Instant | null;
}

/** Minutes after local midnight at which something in this zone starts or ends. */
type MinutesByZone = ReadonlyMap<string, ReadonlySet<number>>;

/** A stretch of time, in Unix seconds, in which a zone keeps one offset. */
interface OffsetPeriod {
  readonly from: number;
  readonly to: number;
  readonly offsetSeconds: number;
}

const secondsPerDay = 86_400;
export const defaultApprovalTimeout = "24h";

/**
 * All instants in (`now`, `now + horizonSeconds`] at which the answer could change, ascending and
 * distinct. When nothing recurs (no window, no exclusion) the horizon is ignored: then the list is
 * complete for ever. Malformed parts contribute nothing; nothing throws.
 */
export function candidateInstants(
  facts: TimeFacts,
  now: Instant,
  horizonSeconds: number,
): readonly Instant[] {
  const from = toSeconds(now);
  const zones = collectMinutes(facts.boxes);
  // A single bound beyond the horizon may come after a window's edge that nobody looked for: leave it out.
  const to = zones.size === 0 ? latestSeconds : Math.min(from + horizonSeconds, latestSeconds);
  const found = new Set(singleSeconds(facts));
  for (const [zone, minutes] of zones) addWallTimes(found, zone, minutes, from, to);
  return [...found]
    .filter((seconds) => from < seconds && seconds <= to)
    .toSorted((a, b) => a - b)
    .map(instantFromSeconds);
}

/** The zones on whose clocks the windows and exclusions of the boxes are read, each once. */
export function zonesOf({ boxes }: TimeFacts): readonly string[] {
  return [...collectMinutes(boxes).keys()];
}

/** Bounds, durations and grants, in Unix seconds. */
function singleSeconds({ boxes, podStart }: TimeFacts): readonly number[] {
  return boxes.flatMap(({ timeBox, bindingCreated, grants }) => {
    if (!isObject(timeBox)) return [];
    const bounds = [timeBox["notBefore"], timeBox["notAfter"]].flatMap((stamp) => {
      const instant = typeof stamp === "string" ? parseInstant(stamp) : undefined;
      return instant === undefined ? [] : [toSeconds(instant)];
    });
    const anchors = { PodStart: podStart, BindingCreation: bindingCreated };
    return [
      ...bounds,
      ...objectsIn(timeBox["durations"]).flatMap((entry) => durationEdges(entry, anchors)),
      ...grants.flatMap((grant) => grantEdges(grant, timeBox["jit"])),
    ];
  });
}

/** A duration's start and end. */
function durationEdges(
  entry: JsonObject,
  anchors: { readonly PodStart: Instant | null; readonly BindingCreation: Instant | null },
): readonly number[] {
  const from = entry["from"];
  const anchor = from === "PodStart" || from === "BindingCreation" ? anchors[from] : null;
  const length = lengthSeconds(entry["for"]);
  if (anchor === null || length === undefined) return [];
  const start = toSeconds(anchor);
  return [start, start + length];
}

/**
 * Whatever could start a grant, each with the end that would follow, and the first second at which an
 * approval comes too late (reference/time-boxes.md §2.4). Which of them do is the policy's to say.
 */
function grantEdges(
  { created, notBefore, for: wanted, approved }: GrantFacts,
  jit: Json | undefined,
): readonly number[] {
  if (created === null || !isObject(jit)) return [];
  const longest = lengthSeconds(jit["maxDuration"]);
  const asked = lengthSeconds(wanted);
  const timeout = lengthSeconds(jit["approvalTimeout"] ?? defaultApprovalTimeout);
  if (longest === undefined || asked === undefined || timeout === undefined) return [];
  const starts = [created, notBefore, ...approved].flatMap((at) => (at === null ? [] : toSeconds(at)));
  const ends = starts.map((start) => start + Math.min(asked, longest));
  return [...starts, ...ends, toSeconds(created) + timeout + 1];
}

/** Seconds of a duration such as `1h30m`; undefined when malformed. */
export function lengthSeconds(duration: Json | undefined): number | undefined {
  const parts = /^(?=.)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(textOf(duration));
  if (parts === null) return undefined;
  const [, hours = "0", minutes = "0", seconds = "0"] = parts;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** The zones of all windows and exclusions. Day filters change at local midnight, so that always counts. */
function collectMinutes(boxes: readonly AnchoredTimeBox[]): MinutesByZone {
  const zones = new Map<string, Set<number>>();
  for (const { timeBox } of boxes) {
    if (!isObject(timeBox)) continue;
    for (const recurring of [...objectsIn(timeBox["windows"]), ...objectsIn(timeBox["exclusions"])]) {
      const zone = textOf(recurring["timeZone"] ?? timeBox["timeZone"]);
      if (!isKnownZone(zone)) continue;
      const minutes = zones.get(zone) ?? new Set([0]);
      zones.set(zone, minutes.union(new Set(edgeMinutes(recurring))));
    }
  }
  return zones;
}

function edgeMinutes(recurring: JsonObject): readonly number[] {
  return objectsIn(recurring["times"])
    .flatMap(({ start, end }) => [start, end])
    .flatMap((time) => {
      const parts = /^(?=[01]\d|2[0-3]|24:00)(\d\d):([0-5]\d)$/.exec(textOf(time));
      return parts === null ? [] : [Number(parts[1]) * 60 + Number(parts[2])];
    });
}

/**
 * Adds each change of the zone's offset between `from` and `to`, and in each period of one offset every
 * instant whose wall clock shows one of `minutes`. No wall time is mapped to UTC, so gaps and folds need
 * no thought: what a fold repeats is found in both periods. Around a change a few instants too many are
 * found, which does no harm.
 */
function addWallTimes(
  found: Set<number>,
  zone: string,
  minutes: ReadonlySet<number>,
  from: number,
  to: number,
): void {
  for (const period of offsetPeriods(zone, from, to)) {
    const firstDay = Math.floor((period.from + period.offsetSeconds) / secondsPerDay);
    const lastDay = Math.floor((Math.min(period.to, to) + period.offsetSeconds) / secondsPerDay);
    for (let day = firstDay; day <= lastDay; day += 1) {
      for (const minute of minutes) found.add(day * secondsPerDay + minute * 60 - period.offsetSeconds);
    }
    found.add(period.to);
  }
}

function offsetPeriods(zone: string, from: number, to: number): readonly OffsetPeriod[] {
  const periods: OffsetPeriod[] = [];
  let start: Instant | undefined = instantFromSeconds(from);
  while (start !== undefined && toSeconds(start) < to) {
    const next = nextOffsetChange(start, zone);
    periods.push({
      from: toSeconds(start),
      to: next === undefined ? to : toSeconds(next),
      offsetSeconds: offsetSecondsAt(start, zone),
    });
    start = next;
  }
  return periods;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectsIn(list: Json | undefined): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter((item: Json) => isObject(item)) : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
