import { formatInstant } from "../timebox/instant.ts";
import { closingOf, codesOf, localRange, openingOf } from "./simulate-text.ts";
import type { IdentityTimeline, Interval, PodTimeline, Simulation } from "./simulate-timeline.ts";
import { renderTable } from "./table.ts";

const headings = ["POD", "IDENTITY", "FROM", "TO", "LOCAL TIME", "BINDINGS", "OPENS", "CLOSES"];

/** The simulation for people: one row for each interval, and one for what is never in force. */
export function renderSimulationTable({ from, to, policy, pods }: Simulation): string {
  const revision = `${policy.revision === "" ? "unnamed" : policy.revision} (${policy.digest.slice(0, 19)})`;
  const rows = pods.flatMap(({ pod, identities }) => identities.flatMap((timeline) => rowsOf(pod, timeline)));
  const lines = [
    `from     ${formatInstant(from)}`,
    `to       ${formatInstant(to)}`,
    `policy   revision ${revision}`,
    "",
    rows.length === 0 ? "No binding selects any pod." : renderTable(headings, rows),
    ...footnote(
      "exempt: the platform's metadata service answers, whatever stands above",
      pods.filter(({ exempt }) => exempt),
    ),
    ...footnote(
      "no binding selects",
      pods.filter(({ identities, exempt }) => identities.length === 0 && !exempt),
    ),
  ];
  return lines.join("\n");
}

function rowsOf(pod: string, timeline: IdentityTimeline): readonly (readonly string[])[] {
  const { identity, bindings, intervals, closed, timeZone } = timeline;
  if (intervals.length > 0) return intervals.map((interval) => rowOf(pod, identity, interval, timeZone));
  return [
    [
      pod,
      identity,
      "never",
      "-",
      "-",
      bindings.join(", "),
      "-",
      codesOf(...closed.map(({ reason }) => reason)),
    ],
  ];
}

function rowOf(
  pod: string,
  identity: string,
  interval: Interval,
  timeZone: string | null,
): readonly string[] {
  const { from, to, startReason, endReason, bindings } = interval;
  return [
    pod,
    identity,
    startReason === null ? `before ${formatInstant(from)}` : formatInstant(from),
    endReason === null ? `beyond ${formatInstant(to)}` : formatInstant(to),
    timeZone === null || timeZone === "UTC" ? "-" : localRange(interval, timeZone),
    bindings.join(", "),
    startReason === null ? "-" : openingOf(startReason),
    endReason === null ? "-" : closingOf(endReason),
  ];
}

function footnote(text: string, pods: readonly PodTimeline[]): readonly string[] {
  return pods.length === 0 ? [] : ["", `${text}: ${pods.map(({ pod }) => pod).join(", ")}`];
}
