import {
  colors,
  drawBar,
  drawClosed,
  drawExclusion,
  laneMetrics,
  nameGap,
  type Plot,
} from "./simulate-svg-bars.ts";
import { drawLabels } from "./simulate-svg-labels.ts";
import { element, elide, textAt } from "./simulate-svg-text.ts";
import type { ClosedSpan, IdentityTimeline, TimeRange } from "./simulate-timeline.ts";

/** Draws one identity of `pod` from `top` down: its name on the left, bars and reasons along the time line. */
export function drawLane(timeline: IdentityTimeline, pod: string, plot: Plot, top: number): string {
  const exclusions = exclusionsOf(timeline.closed);
  const lane = { plot, top };
  return [
    ...drawNames(timeline, plot, top),
    element("rect", {
      x: plot.left,
      y: top + laneMetrics.barTop + laneMetrics.barHeight - 2,
      width: plot.right - plot.left,
      height: 2,
      fill: colors.line,
    }),
    ...timeline.closed.map((span) => drawClosed(span, lane)),
    ...exclusions.map((exclusion) => drawExclusion(exclusion, lane)),
    ...timeline.intervals.map((interval) => drawBar(interval, timeline, pod, lane)),
    ...drawLabels(timeline, exclusions, lane),
  ].join("\n");
}

/** Through what the pod has the identity, and whose clocks say when. */
export function viaOf({ bindings, timeZone }: IdentityTimeline): string {
  return `via ${bindings.join(", ")}${timeZone === null ? "" : ` (${timeZone})`}`;
}

function drawNames(timeline: IdentityTimeline, plot: Plot, top: number): readonly string[] {
  const { identity } = timeline;
  const via = viaOf(timeline);
  const width = plot.left - plot.labelLeft - nameGap;
  const x = plot.labelLeft;
  const { labelLine, noteLine } = laneMetrics;
  return [
    textAt(
      elide(identity, width, "label"),
      { x, y: top + labelLine },
      { font: "label", color: colors.ink, hint: identity },
    ),
    textAt(
      elide(via, width, "note"),
      { x, y: top + noteLine },
      { font: "note", color: colors.muted, hint: via },
    ),
  ];
}

/** Adjoining spans in which an exclusion closes are one exclusion to the eye. */
function exclusionsOf(closed: readonly ClosedSpan[]): readonly TimeRange[] {
  const found: TimeRange[] = [];
  for (const { from, to, reason } of closed) {
    if (!reason.reasons.some(({ code }) => code === "Excluded")) continue;
    const last = found.at(-1);
    if (last?.to === from) found.splice(-1, 1, { from: last.from, to });
    else found.push({ from, to });
  }
  return found;
}
