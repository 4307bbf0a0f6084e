import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import * as fc from "fast-check";

import type { Priority } from "../../../src/controller/work-queue-observer.ts";
import { createWorkQueue, type WorkQueue, type WorkResult } from "../../../src/controller/work-queue.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";

const key = fc.constantFrom("a", "b", "c", "d", "e", "f");
const priority = fc.constantFrom<Priority>("live", "resync");
const done: WorkResult = { done: true };
const failures = fc.record({
  done: fc.constant<false>(false),
  retryAfterMs: fc.constantFrom(0, 5_000, 200_000),
  endsOnChange: fc.boolean(),
});
type Step =
  | { readonly op: "add"; readonly key: string; readonly priority: Priority }
  | { readonly op: "later"; readonly key: string; readonly ms: number }
  | { readonly op: "advance"; readonly ms: number }
  | { readonly op: "finish"; readonly which: number; readonly result: WorkResult }
  | { readonly op: "turn" };

const named = <T extends Step["op"]>(name: T): fc.Arbitrary<T> => fc.constant<T>(name);
const steps = (result: fc.Arbitrary<WorkResult>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ op: named("add"), key, priority }) },
      { weight: 3, arbitrary: fc.record({ op: named("turn") }) },
      { weight: 3, arbitrary: fc.record({ op: named("finish"), which: fc.nat(), result }) },
      { weight: 1, arbitrary: fc.record({ op: named("later"), key, ms: fc.constantFrom(0, 500, 400_000) }) },
      { weight: 1, arbitrary: fc.record({ op: named("advance"), ms: fc.constantFrom(100, 4_000, 300_000) }) },
    ),
    { maxLength: 60, size: "max" },
  );

interface Run {
  readonly queue: WorkQueue;
  readonly clock: SimulatedClock;
  /** What was seen that must not be. */
  readonly wrongs: readonly string[];
  readonly running: { readonly key: string; readonly end: (result: WorkResult) => void }[];
}

/** A queue with two workers that work until they are told the result. */
function createRun(onStart: (key: string, running: readonly string[]) => string | undefined): Run {
  const clock = createSimulatedClock(0);
  const wrongs: string[] = [];
  const running: { readonly key: string; readonly end: (result: WorkResult) => void }[] = [];
  const work = (one: string): Promise<WorkResult> => {
    // The queue takes a throw for a failure, so that an assertion here would be lost.
    const wrong = onStart(
      one,
      running.map((task) => task.key),
    );
    if (wrong !== undefined) wrongs.push(wrong);
    const { promise, resolve } = Promise.withResolvers<WorkResult>();
    running.push({ key: one, end: resolve });
    return promise;
  };
  const options = { clock, log: createSilentLog(), random: () => 0, concurrency: 2, work };
  return { queue: createWorkQueue(options), clock, wrongs, running };
}

async function take({ queue, clock, running }: Run, step: Step): Promise<void> {
  if (step.op === "add") queue.add(step.key, step.priority);
  else if (step.op === "later") queue.addAfter(step.key, step.ms);
  else if (step.op === "advance") clock.advance(step.ms);
  else if (step.op === "turn") await turn();
  else await end(running.splice(step.which % Math.max(1, running.length), 1)[0], step.result);
}

/** Ends a task, and waits until the queue has seen it: only then the two agree on what is running. */
async function end(task: Run["running"][number] | undefined, result: WorkResult): Promise<void> {
  task?.end(result);
  await turn();
}

/** Lets everything succeed, and time pass, until there is nothing left. */
async function drain({ clock, running }: Run): Promise<void> {
  await turn();
  while (running.length > 0 || clock.nextTimerInMs() !== null) {
    await end(running.shift(), done);
    if (running.length === 0) clock.advance(clock.nextTimerInMs() ?? 0);
    await turn();
  }
}

describe("the work queue, whatever happens", () => {
  it("never has two workers on one key, and works on each key after it was last asked for", async () => {
    const property = fc.asyncProperty(steps(fc.oneof(fc.constant(done), failures)), async (script) => {
      let count = 0;
      const asked = new Map<string, number>();
      const started = new Map<string, number>();
      const run = createRun((one, running) => {
        started.set(one, (count += 1));
        return running.includes(one) ? `two workers on ${one}` : undefined;
      });
      for (const step of script) {
        if (step.op === "add" || step.op === "later") asked.set(step.key, (count += 1));
        await take(run, step);
      }
      await drain(run);
      assert.deepEqual(run.wrongs, []);
      for (const [one, at] of asked) assert.ok((started.get(one) ?? 0) > at, `${one} was forgotten`);
      await run.queue.close();
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it("starts no key of a resync while a live one is ready", async () => {
    const property = fc.asyncProperty(steps(fc.constant(done)), async (script) => {
      const waiting = new Map<string, Priority>();
      const run = createRun((one, running) => {
        const mine = waiting.get(one);
        waiting.delete(one);
        const live = [...waiting].filter(([other, its]) => its === "live" && !running.includes(other));
        return mine === "live" || live.length === 0
          ? undefined
          : `${one} of a resync went before ${String(live)}`;
      });
      for (const step of script.filter(({ op }) => op !== "later")) {
        if (step.op === "add" && waiting.get(step.key) !== "live") waiting.set(step.key, step.priority);
        await take(run, step);
      }
      await drain(run);
      assert.deepEqual(run.wrongs, []);
      assert.equal(waiting.size, 0);
      await run.queue.close();
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
