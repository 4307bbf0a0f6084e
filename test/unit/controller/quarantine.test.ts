import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Attempt, createQuarantine, type Quarantine } from "../../../src/controller/quarantine.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const onA: Attempt = { target: "a", verb: "add", id: "bad" };
const onB: Attempt = { ...onA, target: "b" };

interface Fixture {
  readonly clock: SimulatedClock;
  readonly quarantine: Quarantine;
  readonly freed: string[];
  readonly changed: string[];
}

function start(): Fixture {
  const clock = createSimulatedClock(0);
  const freed: string[] = [];
  const changed: string[] = [];
  const quarantine = createQuarantine({
    clock,
    onFree: (target) => void freed.push(target),
    onChange: (id) => void changed.push(id),
  });
  return { clock, quarantine, freed, changed };
}

describe("a refused identity", () => {
  it("waits 15 s, twice as long each time, and an hour at most", () => {
    const { clock, quarantine } = start();
    for (const seconds of [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]) {
      assert.equal(quarantine.held(onA), null);
      quarantine.refuse(onA, "no", false);
      assert.equal(quarantine.waitMs(onA), seconds * 1000);
      clock.advance(seconds * 1000 - 1);
      assert.equal(quarantine.held(onA), "no");
      clock.advance(1);
    }
  });

  it("waits once for refusals that come together", () => {
    const { quarantine } = start();
    quarantine.refuse(onA, "no", true);
    quarantine.refuse(onB, "no", true);
    assert.equal(quarantine.waitMs(onB), 15_000);
  });

  it("waits everywhere when ARM named it, and on its target alone when not", () => {
    const { quarantine } = start();
    quarantine.refuse(onA, "named", true);
    assert.equal(quarantine.held(onB), "named");
    assert.equal(quarantine.held({ ...onB, verb: "remove" }), null);
    quarantine.refuse({ ...onA, id: "other" }, "found", false);
    assert.equal(quarantine.held({ ...onB, id: "other" }), null);
    assert.equal(quarantine.refusal("other"), "found");
  });

  it("is tried by the first target after its wait, while the others wait for what comes of it", () => {
    const { clock, quarantine, freed } = start();
    quarantine.refuse(onA, "no", true);
    quarantine.held(onB);
    clock.advance(15_000);
    assert.equal(quarantine.held(onB), null);
    assert.equal(quarantine.held(onA), "no");
    assert.equal(quarantine.held(onB), null, "the same target may try again");
    quarantine.accept(onB);
    assert.deepEqual(freed, ["a", "b"]);
    assert.equal(quarantine.held(onA), null);
    assert.equal(quarantine.refusal("bad"), null);
  });

  it("is tried by another when the first does not tell within a minute", () => {
    const { clock, quarantine } = start();
    quarantine.refuse(onA, "no", true);
    clock.advance(15_000);
    assert.equal(quarantine.held(onB), null);
    clock.advance(59_999);
    assert.equal(quarantine.held(onA), "no");
    clock.advance(1);
    assert.equal(quarantine.held(onA), null);
  });

  it("is free again when it may have been mended, which is told", () => {
    const { quarantine, freed, changed } = start();
    quarantine.refuse(onA, "no", true);
    quarantine.forget("other");
    assert.equal(quarantine.refusal("bad"), "no");
    quarantine.forget("bad");
    assert.equal(quarantine.held(onA), null);
    assert.deepEqual([freed, changed], [["a"], ["bad", "bad"]]);
  });

  it("is forgotten when nobody wants it for an hour after its wait", () => {
    const { clock, quarantine } = start();
    quarantine.refuse(onA, "no", true);
    clock.advance(15_000 + 3_600_001);
    quarantine.refuse({ ...onA, id: "another" }, "no", true);
    assert.equal(quarantine.refusal("bad"), null);
  });
});
