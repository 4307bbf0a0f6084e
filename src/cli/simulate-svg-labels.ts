import { toSeconds, type Instant } from "../timebox/instant.ts";
import { colors, laneMetrics, xOf, type Lane, type Plot } from "./simulate-svg-bars.ts";
import { createRow, textAt, widthOf, type FontClass, type Row } from "./simulate-svg-text.ts";
import { closingOf, codesOf, openingOf, wallClock } from "./simulate-text.ts";
import type { Cause, IdentityTimeline, Interval, TimeRange } from "./simulate-timeline.ts";

/** A text, and the places where it may stand: the first that is free is taken. */
interface Label {
  readonly text: string;
  readonly font: FontClass;
  readonly places: readonly Place[];
}

/** In the stretch between two pixels, at its left end, its right end or in the middle. */
interface Place {
  readonly stretch: Stretch;
  readonly anchor: "start" | "middle" | "end";
  readonly color: string;
}

type Stretch = readonly [left: number, right: number];

const secondsPerDay = 86_400;
/** Between a text and the ends of its stretch. */
const gap = 4;

/** The texts of a lane: times on or beside the bars, reasons below them. None overlaps another, or a bar. */
export function drawLabels(
  timeline: IdentityTimeline,
  exclusions: readonly TimeRange[],
  { plot, top }: Lane,
): readonly string[] {
  const gaps = gapsAround([...timeline.intervals, ...exclusions], plot);
  const times = [
    ...exclusions.map((exclusion) => excludedLabel(stretchOf(exclusion, plot))),
    ...timeline.intervals.map((interval) => timeLabel(interval, plot, gaps)),
  ];
  const reasonLine = top + laneMetrics.noteLine;
  const reasons = drawRow(reasonLabels(timeline, plot, gaps), plot, reasonLine);
  return [
    ...drawRow(times, plot, top + laneMetrics.labelLine),
    ...(reasons.length > 0 ? reasons : drawRow([summaryOf(timeline, plot)], plot, reasonLine)),
  ];
}

function drawRow(labels: readonly Label[], plot: Plot, y: number): readonly string[] {
  const row = createRow(plot.left, plot.right);
  return labels.flatMap((label) => drawLabel(label, row, y));
}

function drawLabel({ text, font, places }: Label, claim: Row, y: number): readonly string[] {
  const width = widthOf(text, font);
  for (const { stretch, anchor, color } of places) {
    const [left, right] = [stretch[0] + gap, stretch[1] - gap];
    const x = { start: left, middle: (left + right) / 2, end: right }[anchor];
    const start = { start: left, middle: x - width / 2, end: right - width }[anchor];
    const fits = width <= right - left;
    if (fits && claim(start, start + width)) return [textAt(text, { x, y, anchor }, { font, color })];
  }
  return [];
}

function excludedLabel(stretch: Stretch): Label {
  const place = { stretch, anchor: "middle", color: colors.excluded } as const;
  return { text: "Excluded", font: "note", places: [place] };
}

function timeLabel(interval: Interval, plot: Plot, gaps: Gaps): Label {
  const { before, bar, after } = around(interval, gaps, plot);
  return {
    text: timesOf(interval),
    font: "note",
    places: [
      { stretch: bar, anchor: "middle", color: colors.paper },
      { stretch: after, anchor: "start", color: colors.ink },
      { stretch: before, anchor: "end", color: colors.ink },
    ],
  };
}

/** Closing reasons first: what a reader asks is why access ends. */
function reasonLabels({ intervals, closed }: IdentityTimeline, plot: Plot, gaps: Gaps): readonly Label[] {
  if (intervals.length === 0) return [];
  const ends = new Set(intervals.map(({ to }) => to));
  const { muted: color } = colors;
  return [
    ...withReason(intervals, "endReason").map(([interval, cause]) => {
      const { bar, after } = around(interval, gaps, plot);
      const beside: Place = { stretch: after, anchor: "start", color };
      return note(closingOf(cause), beside, { stretch: bar, anchor: "end", color });
    }),
    ...closed
      .filter(({ from }) => !ends.has(from))
      .map((span) =>
        note(closingOf(span.reason), { stretch: stretchOf(span, plot), anchor: "start", color }),
      ),
    ...withReason(intervals, "startReason").map(([interval, cause]) => {
      const { bar, before } = around(interval, gaps, plot);
      const beside: Place = { stretch: before, anchor: "end", color };
      return note(openingOf(cause), beside, { stretch: bar, anchor: "start", color });
    }),
  ];
}

function note(text: string, ...places: readonly Place[]): Label {
  return { text, font: "note", places };
}

function withReason(
  intervals: readonly Interval[],
  edge: "startReason" | "endReason",
): readonly (readonly [Interval, Cause])[] {
  return intervals.flatMap((interval) => {
    const cause = interval[edge];
    return cause === null ? [] : [[interval, cause] as const];
  });
}

/** Where nothing else can be written: a year of nights, or an identity that is never in force. */
function summaryOf({ intervals, closed }: IdentityTimeline, { left, right }: Plot): Label {
  const codes = codesOf(...closed.map(({ reason }) => reason));
  const counted = intervals.length === 1 ? "once" : `${intervals.length} times`;
  const text = intervals.length === 0 ? `never in force: ${codes}` : `${counted} in force; else ${codes}`;
  return {
    text: codes === "" ? "" : text,
    font: "note",
    places: [{ stretch: [left, right], anchor: "start", color: colors.muted }],
  };
}

/** `22:00–23:00`; with dates from a day on, where the times alone would not do. */
function timesOf({ from, to, startReason, endReason }: Interval): string {
  if (startReason === null && endReason === null) return "in force throughout";
  const isDated = toSeconds(to) - toSeconds(from) >= secondsPerDay;
  if (startReason === null) return `until ${spelt(to, isDated)}`;
  if (endReason === null) return `from ${spelt(from, isDated)}`;
  return `${spelt(from, isDated)}–${spelt(to, isDated)}`;
}

function spelt(at: Instant, isDated: boolean): string {
  const { day, month, time } = wallClock(at, "UTC");
  return isDated ? `${day} ${month} ${time}` : time;
}

function stretchOf({ from, to }: TimeRange, plot: Plot): Stretch {
  return [xOf(plot, from), xOf(plot, to)];
}

/** The free stretches on both sides of each block, by the instant at which the block begins. */
type Gaps = ReadonlyMap<Instant, { readonly before: Stretch; readonly after: Stretch }>;

function gapsAround(blocks: readonly TimeRange[], plot: Plot): Gaps {
  const sorted = blocks.toSorted((a, b) => a.from - b.from);
  const gaps = sorted.map(({ from, to }, index) => {
    const [left, right] = stretchOf({ from, to }, plot);
    const previous = sorted[index - 1];
    const next = sorted[index + 1];
    const before: Stretch = [previous === undefined ? plot.left : xOf(plot, previous.to), left];
    const after: Stretch = [right, next === undefined ? plot.right : xOf(plot, next.from)];
    return [from, { before, after }] as const;
  });
  return new Map(gaps);
}

function around(
  interval: Interval,
  gaps: Gaps,
  plot: Plot,
): { readonly before: Stretch; readonly bar: Stretch; readonly after: Stretch } {
  const bar = stretchOf(interval, plot);
  return { before: bar, after: bar, ...gaps.get(interval.from), bar };
}
