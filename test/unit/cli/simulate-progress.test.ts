import assert from "node:assert/strict";
import { it } from "node:test";

import { createProgress } from "../../../src/cli/simulate-progress.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { instantOf } from "../timebox/reference-window.ts";

it("says what is being done once that takes longer than three seconds, and then every ten", () => {
  const clock = createSimulatedClock(0);
  const lines: string[] = [];
  const progress = createProgress(clock, (line) => void lines.push(line));
  const at = instantOf("2026-06-15T10:00:00Z");
  const linesAfter = (ms: number): number => {
    clock.advance(ms);
    progress.asking("shop/web-0", at, { number: 2, count: 5 });
    return lines.length;
  };
  assert.deepEqual([0, 2999, 1, 9999, 1].map(linesAfter), [0, 0, 1, 1, 2]);
  assert.equal(
    lines[0],
    "podid: asking the policy about shop/web-0 (2 of 5 pods), at 2026-06-15T10:00:00Z so far; Ctrl-C ends it",
  );
});
