import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { followFiles, type Reading } from "../../../src/cli/follow-files.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";

interface Followed {
  readonly clock: SimulatedClock;
  /** What the files say from now on. */
  readonly write: (digest: string, files?: readonly string[]) => void;
  readonly hint: () => void;
  /** Lets time pass, and what is read be read. */
  readonly pass: (ms: number) => Promise<void>;
  readonly changes: readonly string[];
  readonly reads: () => number;
  readonly watched: ReadonlyMap<string, () => void>;
  readonly stop: () => Promise<void>;
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 10; i += 1) await turn();
};

function follow(t: TestContext): Followed {
  const clock = createSimulatedClock(0);
  let reading: Reading = { digest: "first", files: ["/etc/azure.json", "/etc/app.pem"] };
  let reads = 0;
  const changes: string[] = [];
  const watched = new Map<string, () => void>();
  const following = followFiles({
    clock,
    first: reading,
    read: async () => {
      reads += 1;
      return reading;
    },
    onChange: ({ digest }) => void changes.push(digest),
    watchFolder: (folder, hint) => {
      watched.set(folder, hint);
      return () => void watched.delete(folder);
    },
  });
  t.after(() => following.stop());
  return {
    clock,
    write: (digest, files = reading.files) => void (reading = { digest, files }),
    hint: () => watched.get("/etc")?.(),
    pass: async (ms) => {
      clock.advance(ms);
      await settled();
    },
    changes,
    reads: () => reads,
    watched,
    stop: () => following.stop(),
  };
}

describe("files that are followed", () => {
  it("are read every five seconds, and told when what they say stands for a second", async (t) => {
    const { write, pass, changes, reads } = follow(t);
    await pass(5000);
    assert.deepEqual([reads(), changes], [1, []]);
    write("second");
    await pass(4999);
    assert.equal(reads(), 1);
    await pass(1);
    assert.deepEqual([reads(), changes], [2, []]);
    await pass(999);
    assert.deepEqual(changes, []);
    await pass(1);
    assert.deepEqual([reads(), changes], [3, ["second"]]);
    await pass(5000);
    assert.deepEqual(changes, ["second"]);
  });

  it("are not told half written, nor when they are what they were before", async (t) => {
    const { write, pass, changes } = follow(t);
    write("half");
    await pass(5000);
    write("whole");
    await pass(1000);
    assert.deepEqual(changes, []);
    await pass(1000);
    assert.deepEqual(changes, ["whole"]);
    write("half");
    await pass(5000);
    write("whole");
    await pass(1000);
    await pass(5000);
    assert.deepEqual(changes, ["whole"]);
  });

  it("are read at once when their folder shows a change, but settle all the same", async (t) => {
    const { write, hint, pass, changes, reads } = follow(t);
    write("second");
    hint();
    await pass(0);
    assert.equal(reads(), 1);
    hint();
    await pass(0);
    assert.deepEqual([reads(), changes], [1, []]);
    await pass(1000);
    assert.deepEqual([reads(), changes], [2, ["second"]]);
  });

  it("are read again soon when their folder shows a change while they are read", async (t) => {
    const { write, hint, pass, changes, clock } = follow(t);
    clock.advance(5000);
    // What is under way has read the old file already.
    write("second");
    hint();
    await pass(0);
    assert.equal(clock.nextTimerInMs(), 1000);
    await pass(1000);
    await pass(1000);
    assert.deepEqual(changes, ["second"]);
  });

  it("have each folder watched once, and others when they lead elsewhere", async (t) => {
    const { write, pass, watched } = follow(t);
    assert.deepEqual([...watched.keys()], ["/etc"]);
    write("second", ["/etc/azure.json", "/certs/app.pem"]);
    await pass(5000);
    await pass(1000);
    assert.deepEqual([...watched.keys()], ["/etc", "/certs"]);
  });

  it("are let go of: no timer, no watch, nothing told of what was being read", async (t) => {
    const { write, clock, changes, watched, stop } = follow(t);
    write("second");
    clock.advance(5000);
    await stop();
    assert.equal(clock.nextTimerInMs(), null);
    assert.deepEqual([[...watched.keys()], changes], [[], []]);
  });
});
