import assert from "node:assert/strict";
import { it } from "node:test";

import { askAgainAt, type BoundaryHints } from "../../../src/timebox/hints.ts";
import { instantFromSeconds, toSeconds } from "../../../src/timebox/instant.ts";

const nowSeconds = 1_781_474_400;
const at = (seconds: number): number => (nowSeconds + seconds) * 1e9;

const rows: Readonly<
  Record<string, { readonly hints: BoundaryHints | undefined; readonly inSeconds: number | null }>
> = {
  "no custom rule took part": { hints: undefined, inSeconds: null },
  "no hint at all: once a minute": { hints: {}, inSeconds: 60 },
  "a declared transition": { hints: { nextTransition: at(3600) }, inSeconds: 3600 },
  "the nearer of two declarations": {
    hints: { nextTransition: at(3600), validUntil: at(30) },
    inSeconds: 30,
  },
  "a declaration in the past counts for nothing": { hints: { nextTransition: at(-5) }, inSeconds: 60 },
  "a span to wait": { hints: { recheckAfter: 10e9 }, inSeconds: 10 },
  "a declaration beats a span": { hints: { recheckAfter: 10e9, validUntil: at(90) }, inSeconds: 90 },
  "a span of nothing is a second": { hints: { recheckAfter: 0 }, inSeconds: 1 },
};

for (const [name, { hints, inSeconds }] of Object.entries(rows)) {
  it(`asks again: ${name}`, () => {
    const again = askAgainAt(instantFromSeconds(nowSeconds), hints);
    assert.equal(again === null ? null : toSeconds(again) - nowSeconds, inSeconds);
  });
}
