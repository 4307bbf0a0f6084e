import assert from "node:assert/strict";
import { test } from "node:test";

import { createQuarantine, type Quarantine } from "../../../src/engine/quarantine.ts";

function start(): { readonly quarantine: Quarantine; readonly passMs: (ms: number) => void } {
  let nowMs = 0;
  return { quarantine: createQuarantine(() => nowMs), passMs: (ms) => void (nowMs += ms) };
}

test("holds one subject for a second, and twice as long each further time, up to five minutes", () => {
  const { quarantine, passMs } = start();
  const terms = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
  for (const seconds of terms) {
    quarantine.punish("a");
    passMs(seconds * 1000 - 1);
    assert.equal(quarantine.holds("a"), true);
    assert.equal(quarantine.holds("b"), false);
    passMs(1);
    assert.equal(quarantine.holds("a"), false);
  }
});

test("starts again with a second after an answer", () => {
  const { quarantine, passMs } = start();
  quarantine.punish("a");
  passMs(1000);
  quarantine.punish("a");
  quarantine.pardon("a");
  assert.equal(quarantine.holds("a"), false);
  quarantine.punish("a");
  passMs(1000);
  assert.equal(quarantine.holds("a"), false);
});

test("forgets who did not come back for as long as the last term", () => {
  const { quarantine, passMs } = start();
  quarantine.punish("a");
  passMs(2001);
  quarantine.punish("b");
  quarantine.punish("a");
  passMs(1000);
  assert.equal(quarantine.holds("a"), false);
});
