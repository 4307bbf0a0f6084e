import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { instantFromSeconds, parseInstant, toSeconds } from "../../src/timebox/instant.ts";
import { isKnownZone, nextOffsetChange } from "../../src/timebox/zone.ts";
import { askNativeOpa, askOurs, type Call } from "../unit/timebox/native-opa.ts";
import { rootPath } from "./opa.ts";

/**
 * Zones whose law is the same in every tz release from 2025b on, which is what native OPA may carry.
 * Left out because they differ from Node's 2026c (reference/opa-wasm.md §5): Africa/Casablanca,
 * Africa/El_Aaiun, America/Vancouver, America/Edmonton, Europe/Chisinau.
 */
export const settledZones: readonly string[] = [
  "UTC",
  "Europe/Berlin",
  "Europe/London",
  "America/New_York",
  "America/Santiago",
  "America/St_Johns",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Asia/Tehran",
  "Atlantic/Azores",
  "Australia/Adelaide",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Chatham",
  "Antarctica/Troll",
];

const secondsPerWeek = 7 * 86_400;

/** The zones that Rego tests name: what they compare must not depend on the release of the time zone data. */
export function zonesOfRegoTests(): readonly string[] {
  const names = globSync("test/policies/**/*.rego", { cwd: rootPath }).flatMap((file) =>
    readFileSync(join(rootPath, file), "utf8")
      .matchAll(/"(UTC|[A-Z]\w+\/\w+)"/g)
      .map(([, name = ""]) => name)
      .toArray(),
  );
  return [...new Set(names)].filter(isKnownZone);
}

/**
 * The zones among `zones` on whose clocks native OPA and Node disagree somewhere from the start of `firstYear` to the
 * start of `lastYear`, judged on both sides of every clock change that Node knows, and every week.
 */
export function differingZones(
  zones: readonly string[],
  firstYear: number,
  lastYear: number,
): readonly string[] {
  const calls = zones.flatMap((zone) => readingsOf(zone, startOf(firstYear), startOf(lastYear)));
  const native = askNativeOpa(calls.map(({ call }) => call));
  const ours = askOurs(calls.map(({ call }) => call));
  const differing = calls.filter((_, index) => native[index] !== ours[index]).map(({ zone }) => zone);
  return [...new Set(differing)].toSorted();
}

/**
 * Tells differing time zone data apart from a bug of the policy; to be called before any comparison.
 * @throws Error that names Node's release and the zones in which native OPA differs.
 */
export function assertSameTzData(zones: readonly string[], firstYear: number, lastYear: number): void {
  const differing = differingZones(zones, firstYear, lastYear);
  if (differing.length === 0) return;
  throw new Error(
    `tz data differ: Node ${process.versions["tz"]}, OPA differs in ${differing.join(", ")}. ` +
      "No policy was compared. Let ZONEINFO name zone files of Node's release, or update the system's.",
  );
}

function readingsOf(zone: string, from: number, to: number): readonly { zone: string; call: Call }[] {
  const seconds: number[] = [];
  for (let at = from; at < to; at += secondsPerWeek) seconds.push(at);
  let change = nextOffsetChange(instantFromSeconds(from), zone);
  while (change !== undefined && toSeconds(change) < to) {
    seconds.push(toSeconds(change) - 1, toSeconds(change));
    change = nextOffsetChange(change, zone);
  }
  // RFC 3339 with the zone's offset tells both the date and the clock.
  return seconds.map((at) => ({ zone, call: ["time.format", [instantFromSeconds(at), zone]] }));
}

function startOf(year: number): number {
  const instant = parseInstant(`${year}-01-01T00:00:00Z`);
  if (instant === undefined) throw new RangeError(`${year} is no year of four digits`);
  return toSeconds(instant);
}
