import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createHolds, type Step } from "../../../src/nmi/hold.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createMemoryResources, pod } from "./memory-resources.ts";

const refusal = { kind: "pending", description: "not yet", reasons: [] } as const;

/** A waiting room, and an attempt that succeeds once `isReady` is set. */
function setUp(waiting: Partial<Extract<Step<string>, { kind: "hold" }>> = {}) {
  const clock = createSimulatedClock(0);
  const resources = createMemoryResources();
  const draining = new AbortController();
  const gone = new AbortController();
  const counts: number[] = [];
  const policyListeners = new Set<() => void>();
  const holds = createHolds({
    clock,
    resources,
    decider: {
      onPolicyChange: (listener) => {
        policyListeners.add(listener);
        return () => void policyListeners.delete(listener);
      },
    },
    draining: draining.signal,
    onHeld: (count) => void counts.push(count),
  });
  const state = { isReady: false, attempts: 0 };
  const attempt = (): Step<string> => {
    state.attempts += 1;
    return state.isReady
      ? { kind: "done", value: "ready" }
      : { kind: "hold", untilMs: 1000, refusal, ...waiting };
  };
  const change = (): void => resources.put("Pod", pod("web", "10.0.0.1"));
  const changePolicy = (): void => policyListeners.forEach((listener) => listener());
  const held = (): ReturnType<typeof holds.until<string>> => holds.until(attempt, gone.signal);
  const assertNothingLeft = (): void => {
    assert.equal(clock.nextTimerInMs(), null);
    assert.equal(resources.listenerCount(), 0);
    assert.equal(policyListeners.size, 0);
    assert.equal(counts.at(-1) ?? 0, 0);
  };
  return { clock, draining, gone, counts, state, change, changePolicy, held, assertNothingLeft };
}

describe("holds", () => {
  it("does not wait when the first attempt succeeds", async () => {
    const world = setUp();
    world.state.isReady = true;
    assert.deepEqual(await world.held(), { ok: true, value: "ready" });
    assert.deepEqual(world.counts, []);
  });

  it("gives up when the ground moves at each attempt", async () => {
    const holds = createHolds({
      clock: createSimulatedClock(0),
      resources: createMemoryResources(),
      decider: {},
      draining: new AbortController().signal,
      onHeld: () => undefined,
    });
    let attempts = 0;
    const moving = (): Step<string> => {
      attempts += 1;
      return { kind: "again" };
    };
    const held = await holds.until(moving, new AbortController().signal);
    assert.equal(held.ok ? null : held.refusal.kind, "internalError");
    assert.equal(attempts, 9);
  });

  it("tries again when another policy takes over", async () => {
    const world = setUp();
    const isHeld = world.clock.timerStarted();
    const held = world.held();
    await isHeld;
    world.state.isReady = true;
    world.changePolicy();
    assert.deepEqual(await held, { ok: true, value: "ready" });
    world.assertNothingLeft();
  });

  it("tries again after each change, and only then", async () => {
    const world = setUp();
    const isHeld = world.clock.timerStarted();
    const held = world.held();
    await isHeld;
    assert.deepEqual(world.counts, [1]);
    const isHeldAgain = world.clock.timerStarted();
    world.change();
    await isHeldAgain;
    world.state.isReady = true;
    world.change();
    assert.deepEqual(await held, { ok: true, value: "ready" });
    assert.equal(world.state.attempts, 3);
    world.assertNothingLeft();
  });

  it("looks once more at the deadline, then refuses", async () => {
    const world = setUp();
    const isHeld = world.clock.timerStarted();
    const held = world.held();
    await isHeld;
    world.clock.advance(1000);
    assert.deepEqual(await held, { ok: false, refusal });
    assert.equal(world.state.attempts, 2);
    world.assertNothingLeft();
  });

  it("tries again by itself where the obstacle is upstream", async () => {
    const world = setUp({ retryMs: 300 });
    const isHeld = world.clock.timerStarted();
    const held = world.held();
    await isHeld;
    world.state.isReady = true;
    world.clock.advance(300);
    assert.deepEqual(await held, { ok: true, value: "ready" });
    world.assertNothingLeft();
  });

  for (const end of ["gone", "draining"] as const) {
    it(`ends when ${end} aborts`, async () => {
      const world = setUp();
      const isHeld = world.clock.timerStarted();
      const held = world.held();
      await isHeld;
      world[end].abort();
      const result = await held;
      assert.equal(result.ok ? "done" : result.refusal.kind, end === "gone" ? "clientGone" : "draining");
      world.assertNothingLeft();
    });

    it(`does not begin to wait when ${end} has aborted before`, async () => {
      const world = setUp();
      world[end].abort();
      assert.equal((await world.held()).ok, false);
      assert.deepEqual(world.counts, []);
    });
  }
});
