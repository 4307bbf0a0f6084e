import assert from "node:assert/strict";
import { it } from "node:test";

import { askAgainAt, type BoundaryHints } from "../../../src/timebox/hints.ts";
import { instantFromSeconds, toSeconds, type Instant } from "../../../src/timebox/instant.ts";

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
    const check = { ask: believing, onMismatch: () => assert.fail("a mismatch") };
    const again = askAgainAt(instantFromSeconds(nowSeconds), hints, check);
    assert.equal(again === null ? null : toSeconds(again) - nowSeconds, inSeconds);
  });
}

/** Answers that change at every boundary. */
function believing(probes: readonly Instant[]): readonly (readonly boolean[])[] {
  return [probes.map((_, index) => index % 2 === 0)];
}

const declared = { nextTransition: at(3600), validUntil: at(30) };

const checks: Readonly<
  Record<
    string,
    {
      readonly answers: readonly (readonly boolean[])[] | null;
      readonly inSeconds: number;
      readonly mismatches: number;
    }
  >
> = {
  "both are lies": { answers: [[true, true, true, true]], inSeconds: 60, mismatches: 2 },
  "the nearer is a lie": { answers: [[true, false, true, true]], inSeconds: 3600, mismatches: 1 },
  "one of several answers changes": {
    answers: [
      [true, true, true, true],
      [false, false, true, false],
    ],
    inSeconds: 30,
    mismatches: 1,
  },
  "the policy fails when asked": { answers: null, inSeconds: 60, mismatches: 0 },
  "there is nothing to be wrong about": { answers: [], inSeconds: 30, mismatches: 0 },
};

for (const [name, { answers, inSeconds, mismatches }] of Object.entries(checks)) {
  it(`probes each declared boundary and the second before it: ${name}`, () => {
    const asked: (readonly number[])[] = [];
    let found = 0;
    const again = askAgainAt(instantFromSeconds(nowSeconds), declared, {
      ask: (probes) => {
        asked.push(probes.map((probe) => toSeconds(probe) - nowSeconds));
        return answers;
      },
      onMismatch: () => void (found += 1),
    });
    assert.deepEqual(asked, [[3599, 3600, 29, 30]]);
    assert.equal(again === null ? null : toSeconds(again) - nowSeconds, inSeconds);
    assert.equal(found, mismatches);
  });
}
