import { formatInstant } from "../timebox/instant.ts";
import { axisOf } from "./simulate-svg-axis.ts";
import { colors, hatching, laneMetrics, nameGap, tipWidth, xOf, type Plot } from "./simulate-svg-bars.ts";
import { drawLane, viaOf } from "./simulate-svg-lane.ts";
import { element, elide, fontSizes, textAt, tooltip, widthOf } from "./simulate-svg-text.ts";
import type { PodTimeline, Simulation } from "./simulate-timeline.ts";

const pageWidth = 1200;
const margin = 24;
const nameWidths = { least: 120, most: 310 } as const;
const headHeight = 64;
const axisHeight = 40;
const podHeight = 26;
const podGap = 10;

/**
 * The simulation as a picture that explains itself: a lane for each pod and identity, bars with their
 * times, reasons at the edges, details at the pointer. One file, nothing loaded from elsewhere, with a
 * background of its own; the same simulation gives the same text.
 */
export function renderSimulationSvg(simulation: Simulation): string {
  const { from, to, pods } = simulation;
  const plot: Plot = {
    range: { from, to },
    labelLeft: margin,
    left: margin + nameWidthOf(pods) + nameGap,
    right: pageWidth - margin - tipWidth,
  };
  const plotTop = headHeight + axisHeight;
  const height = plotTop + pods.reduce((sum, pod) => sum + heightOf(pod), 0) + margin;
  const content = [
    tooltip(`Who has which identity from ${formatInstant(from)} to ${formatInstant(to)}`),
    styles,
    element("rect", {
      width: pageWidth,
      height,
      rx: 8,
      fill: colors.paper,
      stroke: colors.frame,
    }),
    ...drawHead(simulation),
    ...drawAxis(plot, plotTop, height - margin),
    ...drawPods(pods, plot, plotTop),
  ];
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${pageWidth} ${height}`,
    width: pageWidth,
    height,
    role: "img",
  };
  return element("svg", attributes, `\n${content.join("\n")}\n`);
}

const styles = [
  "<style>",
  "text { font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace; }",
  ...Object.entries(fontSizes).map(([name, size]) => `.${name} { font-size: ${size}px; }`),
  ".title, .pod { font-weight: bold; }",
  "</style>",
  `<defs><pattern id="${hatching}" width="6" height="6" patternUnits="userSpaceOnUse" ` +
    `patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff4d6"/>` +
    `<rect width="1.5" height="6" fill="#e8c877"/></pattern></defs>`,
].join("\n");

function drawHead({ from, to, policy }: Simulation): readonly string[] {
  const revision = policy.revision === "" ? "unnamed" : policy.revision;
  const range = `${formatInstant(from)} to ${formatInstant(to)}, all times in UTC`;
  const facts = `${range} · policy ${revision} (${policy.digest.slice(0, 19)})`;
  const width = pageWidth - 2 * margin;
  const y = 28;
  return [
    textAt("Who has which identity when", { x: margin, y }, { font: "title", color: colors.ink }),
    textAt(elide(facts, width, "label"), { x: margin, y: y + 20 }, { font: "label", color: colors.muted }),
    ...drawKey(y),
  ];
}

/** What the three shapes mean, for pictures of a year, in which bars are too narrow for words. */
function drawKey(y: number): readonly string[] {
  const shapes = [
    { text: "in force", shape: { y: y - 10, height: 12, fill: colors.open } },
    {
      text: "excluded",
      shape: { y: y - 10, height: 12, fill: `url(#${hatching})`, stroke: colors.excluded },
    },
    { text: "closed", shape: { y: y, height: 2, fill: colors.line } },
  ];
  const slot = 96;
  return shapes.flatMap(({ text, shape }, index) => {
    const x = pageWidth - margin - (shapes.length - index) * slot;
    return [
      element("rect", { x, width: 20, ...shape }),
      textAt(text, { x: x + 26, y }, { font: "label", color: colors.muted }),
    ];
  });
}

/** Ticks above the lanes, and their lines through all of them. */
function drawAxis(plot: Plot, top: number, bottom: number): readonly string[] {
  const { minor, major } = axisOf(plot.range, plot.right - plot.left);
  const line = (x: number, from: number, color: string): string =>
    element("line", { x1: x, y1: from, x2: x, y2: bottom, stroke: color });
  return [
    ...minor.flatMap(({ at, label }) => {
      const x = xOf(plot, at);
      return [
        line(x, top - 6, colors.grid),
        textAt(label, { x, y: top - 10, anchor: "middle" }, { font: "note", color: colors.muted }),
      ];
    }),
    ...major.map(({ at }) => line(xOf(plot, at), top - axisHeight + 6, colors.frame)),
    ...major.map(({ at, label }) =>
      textAt(label, { x: xOf(plot, at) + 4, y: top - 26 }, { font: "label", color: colors.ink }),
    ),
    line(plot.right, top - axisHeight + 6, colors.frame),
  ];
}

function drawPods(pods: readonly PodTimeline[], plot: Plot, plotTop: number): readonly string[] {
  let top = plotTop;
  return pods.flatMap((pod) => {
    const podTop = top;
    top += heightOf(pod);
    return [
      element("rect", {
        x: margin - 8,
        y: podTop,
        width: pageWidth - 2 * margin + 16,
        height: podHeight,
        fill: colors.band,
      }),
      ...drawPodName(pod, podTop + 18),
      ...pod.identities.map((timeline, index) =>
        drawLane(timeline, pod.pod, plot, podTop + podHeight + index * laneMetrics.height),
      ),
    ];
  });
}

function drawPodName({ pod, exempt, identities }: PodTimeline, y: number): readonly string[] {
  const remark = exempt
    ? "exempt: the platform's metadata service answers, whatever its bindings say"
    : "no binding selects this pod";
  const hasRemark = exempt || identities.length === 0;
  const space = pageWidth - 2 * margin - (hasRemark ? widthOf(remark, "label") + 16 : 0);
  const name = elide(pod, space, "pod");
  const names = [textAt(name, { x: margin, y }, { font: "pod", color: colors.ink, hint: pod })];
  if (!hasRemark) return names;
  const x = margin + widthOf(name, "pod") + 16;
  return [...names, textAt(remark, { x, y }, { font: "label", color: colors.muted })];
}

function heightOf({ identities }: PodTimeline): number {
  return podHeight + identities.length * laneMetrics.height + podGap;
}

/** As wide as the longest name needs, within bounds; what is longer is shortened. */
function nameWidthOf(pods: readonly PodTimeline[]): number {
  const widths = pods.flatMap(({ identities }) =>
    identities.map((timeline) =>
      Math.max(widthOf(timeline.identity, "label"), widthOf(viaOf(timeline), "note")),
    ),
  );
  return Math.min(Math.max(nameWidths.least, ...widths), nameWidths.most);
}
