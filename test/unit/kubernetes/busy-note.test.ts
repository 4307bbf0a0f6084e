import assert from "node:assert/strict";
import { it } from "node:test";

import { createBusyNote } from "../../../src/kubernetes/busy-note.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

it("that the server is busy is said once a minute, without a stack", () => {
  const clock = createSimulatedClock(0);
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog({ clock, level: "info", component: "test", destination });
  const note = createBusyNote(clock, log);
  const busy = new KubernetesError("Throttled", "storage is (re)initializing", { retryAfterMs: 1000 });
  for (let i = 0; i < 6; i += 1) note(busy);
  clock.advance(60_000);
  note(busy);
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /storage is \(re\)initializing/);
  assert.doesNotMatch(lines.join(""), /stack|\bat /);
});
