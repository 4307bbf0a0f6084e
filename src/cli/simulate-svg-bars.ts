import { renderReason } from "../engine/reasons.ts";
import { formatInstant, toSeconds, type Instant } from "../timebox/instant.ts";
import { element, rounded, tooltip } from "./simulate-svg-text.ts";
import { closingOf, localRange, openingOf } from "./simulate-text.ts";
import type { Cause, ClosedSpan, IdentityTimeline, Interval, TimeRange } from "./simulate-timeline.ts";

/** Where time is drawn: `range` from `left` to `right`, in pixels. */
export interface Plot {
  readonly range: TimeRange;
  readonly left: number;
  readonly right: number;
  /** Where the names of lanes begin. */
  readonly labelLeft: number;
}

/** A lane in the plot, `top` pixels from the top of the picture. */
export interface Lane {
  readonly plot: Plot;
  readonly top: number;
}

/** Pixels from the top of a lane. */
export const laneMetrics = { height: 46, barTop: 6, barHeight: 18, labelLine: 19, noteLine: 36 } as const;

export const colors = {
  paper: "#ffffff",
  ink: "#1f2328",
  muted: "#59636e",
  open: "#1a7f4b",
  excluded: "#7d4e00",
  line: "#afb8c1",
  grid: "#e6eaef",
  band: "#f0f3f6",
  frame: "#c8d1da",
} as const;

/** Name of the hatching, which the document defines. */
export const hatching = "excluded";

/** Between the names of lanes and the plot; bars that point out of it need some of it. */
export const nameGap = 20;

/** How far an interval that goes on outside the range points out of the plot. */
export const tipWidth = 8;

/** The pixel at which an instant of the plot's range stands. */
export function xOf({ range, left, right }: Plot, at: Instant): number {
  const length = toSeconds(range.to) - toSeconds(range.from);
  return left + ((toSeconds(at) - toSeconds(range.from)) / length) * (right - left);
}

/** The time in force; pointed at the ends where it goes on outside the range. */
export function drawBar(
  interval: Interval,
  timeline: IdentityTimeline,
  pod: string,
  { plot, top }: Lane,
): string {
  const { startReason, endReason } = interval;
  const left = xOf(plot, interval.from);
  const right = Math.max(xOf(plot, interval.to), left + 1); // a minute of a year must not vanish
  const [upper, lower] = [top + laneMetrics.barTop, top + laneMetrics.barTop + laneMetrics.barHeight];
  const middle = (upper + lower) / 2;
  const corners: readonly (readonly [x: number, y: number])[] = [
    [left, upper],
    [right, upper],
    [endReason === null ? right + tipWidth : right, middle],
    [right, lower],
    [left, lower],
    [startReason === null ? left - tipWidth : left, middle],
  ];
  const points = corners.map(([x, y]) => `${rounded(x)},${rounded(y)}`).join(" ");
  return element("polygon", { points, fill: colors.open }, tooltip(barHint(interval, timeline, pod)));
}

function barHint(interval: Interval, { identity, timeZone }: IdentityTimeline, pod: string): string {
  const { startReason, endReason, bindings } = interval;
  const lines = [
    `${pod}: ${identity}`,
    spanText(interval),
    ...(timeZone === null || timeZone === "UTC" ? [] : [localRange(interval, timeZone)]),
    `through ${bindings.join(", ")}`,
    startReason === null ? "open before" : `opens: ${openingOf(startReason)}`,
    endReason === null ? "stays open beyond" : `closes: ${closingOf(endReason)}${sentencesOf(endReason)}`,
  ];
  return lines.join("\n");
}

/** Nothing to see but the line below; the reason shows at the pointer. */
export function drawClosed(span: ClosedSpan, { plot, top }: Lane): string {
  const hint = `${spanText(span)}\nclosed: ${closingOf(span.reason)}${sentencesOf(span.reason)}`;
  return element("rect", { ...box(span, plot, top), fill: "transparent" }, tooltip(hint));
}

/** Hatched, and not in the way of the pointer: the closed spans below it say why. */
export function drawExclusion(range: TimeRange, { plot, top }: Lane): string {
  return element("rect", {
    ...box(range, plot, top),
    fill: `url(#${hatching})`,
    stroke: colors.excluded,
    "stroke-width": "0.5",
    "pointer-events": "none",
  });
}

function box(range: TimeRange, plot: Plot, top: number): Readonly<Record<string, number>> {
  const x = xOf(plot, range.from);
  const { barTop, barHeight } = laneMetrics;
  return { x, y: top + barTop, width: xOf(plot, range.to) - x, height: barHeight };
}

function spanText({ from, to }: TimeRange): string {
  return `${formatInstant(from)} – ${formatInstant(to)}`;
}

function sentencesOf({ reasons }: Cause): string {
  return reasons.length === 0 ? "" : ` (${reasons.map(renderReason).join("; ")})`;
}
