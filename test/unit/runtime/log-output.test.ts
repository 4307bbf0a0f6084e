import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createLogOutput } from "../../../src/runtime/log-output.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

describe("log output", () => {
  it("writes the lines of 5 ms together, in their order", () => {
    const { clock, writes, log } = world();
    log.info("first");
    log.warn("second");
    clock.advance(4);
    assert.deepEqual(writes, []);
    clock.advance(1);
    log.info("third");
    clock.advance(5);
    assert.deepEqual(writes.map(messages), [["first", "second"], ["third"]]);
  });

  it("writes at once what would grow large", () => {
    const { writes, log } = world();
    log.info({ field: "x".repeat(65_536) }, "large");
    assert.deepEqual(writes.map(messages), [["large"]]);
  });

  it("has written everything after a flush, and nothing twice", () => {
    const { clock, writes, output, log } = world();
    log.info("last words");
    output.flush();
    output.flush();
    clock.advance(100);
    assert.deepEqual(writes.map(messages), [["last words"]]);
  });
});

function world() {
  const clock = createSimulatedClock(Date.parse("2026-06-14T22:00:00Z"));
  const writes: string[] = [];
  const output = createLogOutput(clock, { write: (text) => void writes.push(text) });
  const log = createLog({ clock, level: "info", component: "nmi", destination: output });
  return { clock, writes, output, log };
}

function messages(text: string): readonly unknown[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line).msg);
}
