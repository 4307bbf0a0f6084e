import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";

import * as fc from "fast-check";

import { renderSimulationSvg } from "../../../src/cli/simulate-svg.ts";
import { fontSizes } from "../../../src/cli/simulate-svg-text.ts";
import type { IdentityTimeline, Interval, Simulation } from "../../../src/cli/simulate-timeline.ts";
import { instantFromSeconds, toSeconds } from "../../../src/timebox/instant.ts";
import { instantOf } from "../timebox/reference-window.ts";
import { cause, closed, identity, outside, simulation, week } from "./simulations.ts";

const goldenPath = join(import.meta.dirname, "simulate-week.svg");

describe("the picture of a simulation", () => {
  it("is the one that somebody looked at", async () => {
    const drawn = renderSimulationSvg(week);
    // After a wanted change: write `drawn` to the file, and look at it in a viewer.
    assert.equal(`${drawn}\n`, await readFile(goldenPath, "utf8"));
  });

  it("closes every element, and holds nothing that a viewer would load", () => {
    assertWellFormed(renderSimulationSvg(week));
    assert.doesNotMatch(
      renderSimulationSvg(week).replace("http://www.w3.org/2000/svg", ""),
      /https?:|href|@import/,
    );
  });

  it("shows names that are not, but could be, markup", () => {
    const nasty = `<script>"&'\u0007\uD800`;
    const drawn = renderSimulationSvg(
      simulation("2026-06-15T00:00:00Z", "2026-06-16T00:00:00Z", [
        { pod: nasty, exempt: false, identities: [identity(nasty, { bindings: [nasty] })] },
      ]),
    );
    assert.ok(drawn.includes("&lt;script&gt;&quot;&amp;'\uFFFD\uFFFD"));
    assert.ok(!drawn.includes("<script"));
    assertWellFormed(drawn);
  });

  it("shortens names that have no room, and gives them in full at the pointer", () => {
    const name = `shop/${"long".repeat(60)}`;
    const drawn = renderSimulationSvg(
      simulation("2026-06-15T00:00:00Z", "2026-06-16T00:00:00Z", [
        { pod: name, exempt: true, identities: [identity(name, { bindings: [name, name] })] },
      ]),
    );
    assert.ok(drawn.includes(`<title>${name}</title>`));
    assertNoOverlap(drawn);
  });

  it("says in a sentence what a year of nights has no room for", () => {
    const from = toSeconds(instantOf("2026-01-01T22:00:00Z"));
    const intervals = Array.from({ length: 365 }, (_, night) => nightFrom(from + night * 86_400));
    const spans = [closed("2026-01-01T00:00:00Z", "2026-01-01T22:00:00Z")];
    const drawn = renderSimulationSvg(
      simulation("2026-01-01T00:00:00Z", "2027-01-01T22:00:00Z", [
        {
          pod: "shop/web-0",
          exempt: false,
          identities: [identity("shop/i", { intervals, closed: spans })],
        },
      ]),
    );
    assert.match(drawn, />365 times in force; else OutsideSchedule</);
  });

  it("never writes over other text or out of the page, whatever is in force when", () => {
    fc.assert(
      fc.property(simulations, (random) => assertNoOverlap(renderSimulationSvg(random))),
      { numRuns: 200, seed: 1 },
    );
  });
});

function nightFrom(seconds: number): Interval {
  const [from, to] = [instantFromSeconds(seconds), instantFromSeconds(seconds + 3600)];
  return { from, to, startReason: outside, endReason: outside, bindings: ["shop/nightly"] };
}

const names = fc.string({ unit: fc.constantFrom("a", "-", "z"), minLength: 1, maxLength: 120 });
const reasons = fc.constantFrom(
  outside,
  cause(["shop/nightly"], "Excluded"),
  cause(["shop/nightly"], "Excluded", "OutsideSchedule"),
  cause(["shop/nightly"], "AfterNotAfter", "DurationElapsed", "NoActiveGrant"),
);

/** Spans that are open or closed in turn, from `start` on. */
const lanes = (start: number, seconds: number): fc.Arbitrary<IdentityTimeline> =>
  fc
    .record({
      name: names,
      isOpenFirst: fc.boolean(),
      spans: fc.array(fc.record({ at: fc.integer({ min: 1, max: seconds - 1 }), reason: reasons }), {
        maxLength: 40,
      }),
      first: reasons,
    })
    .map(({ name, isOpenFirst, spans, first }) => {
      const cuts = [...new Map(spans.map((span) => [span.at, span])).values()].toSorted(
        (a, b) => a.at - b.at,
      );
      const parts = [{ at: 0, reason: first }, ...cuts].map(({ at, reason }, index) => ({
        from: instantFromSeconds(start + at),
        to: instantFromSeconds(start + (cuts[index]?.at ?? seconds)),
        isFirst: index === 0,
        isLast: index === cuts.length,
        isOpen: isOpenFirst === (index % 2 === 0),
        reason,
      }));
      return identity(name, {
        intervals: parts
          .filter(({ isOpen }) => isOpen)
          .map(({ from, to, reason, isFirst, isLast }) => ({
            from,
            to,
            startReason: isFirst ? null : reason,
            endReason: isLast ? null : reason,
            bindings: [name],
          })),
        closed: parts.filter(({ isOpen }) => !isOpen).map(({ from, to, reason }) => ({ from, to, reason })),
      });
    });

const simulations: fc.Arbitrary<Simulation> = fc
  .record({
    start: fc.integer({ min: 1_700_000_000, max: 1_900_000_000 }),
    seconds: fc.oneof(
      fc.integer({ min: 2, max: 7200 }),
      fc.integer({ min: 7200, max: 14 * 86_400 }),
      fc.integer({ min: 14 * 86_400, max: 400 * 86_400 }),
    ),
  })
  .chain(({ start, seconds }) =>
    fc
      .array(
        fc.record({
          pod: names,
          exempt: fc.boolean(),
          identities: fc.array(lanes(start, seconds), { maxLength: 3 }),
        }),
        { maxLength: 3 },
      )
      .map((pods) => ({
        from: instantFromSeconds(start),
        to: instantFromSeconds(start + seconds),
        policy: { revision: "", digest: "sha256:0123456789abcdef" },
        pods,
      })),
  );

function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, end, name, empty] of svg.matchAll(/<(\/?)([a-z]+)(?: [A-Za-z0-9-]+="[^"<>]*")*(\/?)>/gi)) {
    if (end === "/") assert.equal(open.pop(), name);
    else if (empty !== "/") open.push(name ?? "");
  }
  assert.deepEqual(open, []);
  const text = svg.replaceAll(/<style>[^<]*<\/style>|<\/?[a-z]+(?: [A-Za-z0-9-]+="[^"<>]*")*\/?>/gi, "");
  assert.doesNotMatch(text, /[<>"]|&(?!amp;|lt;|gt;|quot;)/);
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly y: number;
  readonly what: string;
}

/** Texts keep clear of one another and of the page's edges; only white ones stand on bars, and only inside. */
function assertNoOverlap(svg: string): void {
  const texts = textsOf(svg);
  const dark = texts.filter(({ what }) => !what.startsWith("#ffffff"));
  const bars = [...svg.matchAll(/<polygon points="([^"]*)"/g)].map(([, points = ""]) => barOf(points));
  for (const text of texts) {
    assert.ok(text.left >= 0 && text.right <= 1200, `${text.what} leaves the page`);
    for (const other of texts) {
      if (other === text || other.y !== text.y) continue;
      assert.ok(text.right <= other.left || other.right <= text.left, `${text.what} is over ${other.what}`);
    }
  }
  for (const bar of bars) {
    for (const text of dark.filter(({ y }) => y > bar.y && y < bar.y + 18)) {
      assert.ok(text.right <= bar.left || bar.right <= text.left, `${text.what} is on a bar`);
    }
  }
  for (const text of texts.filter((one) => !dark.includes(one))) {
    const isInside = bars.some(
      ({ left, right, y }) => left <= text.left && text.right <= right && text.y > y && text.y < y + 18,
    );
    assert.ok(isInside, `${text.what} is not on a bar`);
  }
}

function textsOf(svg: string): readonly Box[] {
  const pattern =
    /<text x="([\d.]+)" y="([\d.]+)" class="(\w+)" text-anchor="(\w+)" fill="([^"]+)">(?:<title>[^<]*<\/title>)?([^<]*)<\/text>/g;
  return [...svg.matchAll(pattern)].map(([, x, y, font = "", anchor, fill, text = ""]) => {
    const size = Object.entries(fontSizes).find(([name]) => name === font)?.[1] ?? assert.fail(font);
    const width = text.length * size * 0.602; // DejaVu Sans Mono, the widest of the fonts asked for
    const before = anchor === "end" ? width : anchor === "middle" ? width / 2 : 0;
    const left = Number(x) - before;
    return { left, right: left + width, y: Number(y), what: `${fill} ${text}` };
  });
}

function barOf(points: string): Box {
  const corners = points.split(" ").map((point) => point.split(",").map(Number));
  const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis] ?? NaN));
  return {
    left: Math.min(...(xs ?? [])),
    right: Math.max(...(xs ?? [])),
    y: Math.min(...(ys ?? [])),
    what: points,
  };
}
