import { candidateInstants, zonesOf, type TimeFacts } from "../timebox/candidates.ts";
import { instantFromSeconds, toSeconds, type Instant } from "../timebox/instant.ts";
import { nextOffsetChange, offsetSecondsAt } from "../timebox/zone.ts";

const secondsPerDay = 86_400;
const thirteenMonthsSeconds = 397 * secondsPerDay;
const secondsPerWeek = 7 * secondsPerDay;

interface ClockChange {
  readonly at: number;
  /** Seconds by which the clocks go forward; negative: back. */
  readonly shift: number;
}

/**
 * When, within 13 months, clocks are set while the box is open, or would be open on that weekday: then it is open for
 * shorter, longer, twice or not at all that day. `ask` puts probes to the policy in one question; null when it
 * gives no answer.
 */
export function findClockSensitivity(
  facts: TimeFacts,
  now: Instant,
  ask: (probes: readonly Instant[]) => readonly boolean[] | null,
): readonly Instant[] {
  const changes = zonesOf(facts).flatMap((zone) => changesOf(zone, now));
  const probes = changes.flatMap((change) => probesFor(facts, change).map((at) => ({ at, change })));
  if (probes.length === 0) return [];
  const answers = ask(probes.map(({ at }) => at)) ?? [];
  const found = probes.filter((_, index) => answers[index] === true).map(({ change }) => change.at);
  return [...new Set(found)].toSorted((a, b) => a - b).map(instantFromSeconds);
}

function changesOf(zone: string, now: Instant): readonly ClockChange[] {
  const changes: ClockChange[] = [];
  let at = nextOffsetChange(now, zone);
  while (at !== undefined && toSeconds(at) <= toSeconds(now) + thirteenMonthsSeconds) {
    const seconds = toSeconds(at);
    const shift = offsetSecondsAt(at, zone) - offsetSecondsAt(instantFromSeconds(seconds - 1), zone);
    if (shift !== 0) changes.push({ at: seconds, shift });
    at = nextOffsetChange(at, zone);
  }
  return changes;
}

/** What is repeated is asked about itself; what is skipped, by the same wall times a week before and after. */
function probesFor(facts: TimeFacts, { at, shift }: ClockChange): readonly Instant[] {
  if (shift < 0) return within(facts, at + shift, -2 * shift);
  return [
    ...within(facts, at - secondsPerWeek, shift),
    // The week after is on the new offset: its wall time comes that much earlier.
    ...within(facts, at + secondsPerWeek - shift, shift),
  ];
}

/** The start of a stretch and each instant in it at which the answer could change. */
function within(facts: TimeFacts, fromSeconds: number, lengthSeconds: number): readonly Instant[] {
  const from = instantFromSeconds(fromSeconds);
  return [
    from,
    ...candidateInstants(facts, from, lengthSeconds - 1).filter(
      (at) => toSeconds(at) < fromSeconds + lengthSeconds,
    ),
  ];
}
