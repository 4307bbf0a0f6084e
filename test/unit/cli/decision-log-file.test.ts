import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { createDecisionLog, openDecisionLog } from "../../../src/cli/decision-log-file.ts";
import type { DecisionRecord } from "../../../src/engine/decision-log.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const record = (id: string): DecisionRecord => ({
  id,
  revision: "1",
  digest: "sha256:d",
  entrypoint: "token",
  now: 1_781_474_400_000_000_000,
  outcome: "denied",
  reasons: [{ code: "OutsideSchedule", params: {} }],
  inputDigest: "sha256:i",
  tz: "2026c",
  durationMs: 0.1,
});

function setUp() {
  const clock = createSimulatedClock(1_781_474_400_000);
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { clock, lines, log: createLog({ clock, level: "info", component: "t", destination: { write } }) };
}

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "podid-decisions-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "decisions.jsonl");
}

const idsIn = (text: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).id);

test("appends a JSON line for each decision, in order, also after the file was rotated away", async (t) => {
  const file = await scratch(t);
  for (const ids of [["a", "b"], ["c"]]) {
    const decisions = (await openDecisionLog(file, setUp())) ?? assert.fail("no log");
    for (const id of ids) decisions.write(record(id));
    await decisions.close();
  }
  const text = await readFile(file, "utf8");
  assert.deepEqual(idsIn(text), ["a", "b", "c"]);
  assert.deepEqual(JSON.parse(text.split("\n")[0] ?? ""), { time: "2026-06-14T22:00:00Z", ...record("a") });

  const decisions = (await openDecisionLog(file, setUp())) ?? assert.fail("no log");
  await rename(file, `${file}.1`);
  decisions.write(record("d"));
  await decisions.close();
  assert.deepEqual(idsIn(await readFile(file, "utf8")), ["d"]);
});

test("is absent without the flag", async () => {
  assert.equal(await openDecisionLog(undefined, setUp()), undefined);
  assert.equal(await openDecisionLog("", setUp()), undefined);
});

test("a file that cannot be written to is wrong use", async (t) => {
  const missing = join(await scratch(t), "no/such/folder");
  await assert.rejects(openDecisionLog(missing, setUp()), { exitCode: 2, message: /--decision-log: .*ENO/ });
});

test("a full disk costs records, which are counted and logged once, and no decision waits or fails", async () => {
  const { clock, log, lines } = setUp();
  let written = "";
  let isFull = true;
  const append = async (text: string): Promise<void> => {
    await Promise.resolve();
    if (isFull) {
      written += text.slice(0, 20);
      throw new Error("ENOSPC: no space left on device, write");
    }
    written += text;
  };
  const decisions = createDecisionLog({ clock, log, append });
  const metrics = decisions.countIn(createMetrics());
  for (const id of ["a", "b", "c"]) {
    decisions.write(record(id));
    await decisions.close();
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /ENOSPC.*the decision log cannot be written/);
  isFull = false;
  decisions.write(record("d"));
  await decisions.close();
  assert.match(lines[1] ?? "", /written again/);
  assert.equal(JSON.parse(written.split("\n").at(-2) ?? "").id, "d", "half a line does not swallow the next");
  assert.match((await metrics.render()).text, /^podid_decision_log_lost_total 3$/m);
});

test("/dev/full, a real full disk, harms nobody", async () => {
  const { clock, log, lines } = setUp();
  const decisions = (await openDecisionLog("/dev/full", { clock, log })) ?? assert.fail("no log");
  decisions.write(record("a"));
  await decisions.close();
  assert.match(lines[0] ?? "", /ENOSPC/);
});

test("a writer that never answers costs what exceeds 10,000 records, and does not keep the daemon", async () => {
  const { clock, log, lines } = setUp();
  const decisions = createDecisionLog({ clock, log, append: () => Promise.withResolvers<void>().promise });
  const metrics = decisions.countIn(createMetrics());
  decisions.write(record("first"));
  await Promise.resolve();
  for (let i = 0; i < 10_005; i += 1) decisions.write(record(String(i)));
  assert.match((await metrics.render()).text, /^podid_decision_log_lost_total 5$/m);
  assert.equal(lines.length, 1);
  const isWaiting = clock.timerStarted();
  const closed = decisions.close();
  await isWaiting;
  clock.advance(2000);
  await closed;
});
