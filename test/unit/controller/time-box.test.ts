import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { formatInstant } from "../../../src/timebox/instant.ts";
import { dailyWindow, makeBinding, makePod } from "./objects.ts";
import { advance, createWorld, startController } from "./world.ts";

const minute = 60_000;
const hour = 60 * minute;

describe("custom rules with boundaries that no time box names", () => {
  it("are asked again at the boundary that they declare, else each minute", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    const end = Date.parse("2026-06-14T12:03:00Z") * 1e6;
    world.decider.hints = { nextTransition: end };
    world.decider.denies = (at) => at >= end;
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const wakes = (): string => formatInstant(controller.nextWake() ?? assert.fail("no wake-up"));
    assert.equal(wakes(), "2026-06-14T12:03:00Z");
    world.decider.hints = {};
    await advance(world, controller, 3 * minute);
    assert.equal(wakes(), "2026-06-14T12:04:00Z");
    assert.deepEqual(world.onVm(), []);
    assert.equal(world.hintMismatches(), 0);
  });

  it("are asked again after a minute, or when they say, when the boundary that they declare is none", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    const lie = { nextTransition: Date.parse("2026-06-14T18:00:00Z") * 1e6 };
    world.decider.hints = lie;
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const wakes = (): string => formatInstant(controller.nextWake() ?? assert.fail("no wake-up"));
    assert.equal(wakes(), "2026-06-14T12:01:00Z");
    assert.ok(world.hintMismatches() > 0);
    world.decider.hints = { ...lie, recheckAfter: 90e9 };
    await advance(world, controller, minute);
    assert.equal(wakes(), "2026-06-14T12:02:30Z");
    world.decider.denies = (at) => at >= Date.parse("2026-06-14T12:02:00Z") * 1e6;
    await advance(world, controller, 1.5 * minute);
    assert.deepEqual(world.onVm(), [], "an early end behind a lie costs a minute or so");
  });
});

describe("another policy", () => {
  it("makes all plans anew at once, as long as the controller runs", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    assert.deepEqual(world.onVm(), ["reader"]);
    world.decider.denies = () => true;
    world.decider.changePolicy();
    await controller.settled();
    assert.deepEqual(world.onVm(), []);
    await controller.close();
    world.decider.denies = () => false;
    world.decider.changePolicy();
    assert.deepEqual(world.onVm(), []);
  });
});

describe("a window", () => {
  const timeBox = dailyWindow("22:00", "23:00", { leadTime: "3m", keepIfReopensWithin: "0s" });

  it("has the identity on the VM from the lead time before it opens until it closes", async (t) => {
    const world = createWorld("2026-06-14T21:00:00Z");
    world.bind(makeBinding("reader", { timeBox }));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const wakes = (): string => formatInstant(controller.nextWake() ?? assert.fail("no wake-up"));
    const shown = (): unknown => world.cluster.list("AzureAssignedIdentity")[0]?.status;
    assert.equal(wakes(), "2026-06-14T21:57:00Z");

    await advance(world, controller, 57 * minute - 1000);
    assert.deepEqual(world.onVm(), []);
    await advance(world, controller, 1000);
    assert.deepEqual(world.onVm(), ["reader"]);
    assert.deepEqual(shown(), { status: "Assigned", inForce: false, validUntil: null });
    assert.equal(wakes(), "2026-06-14T22:00:00Z");

    await advance(world, controller, 3 * minute);
    assert.deepEqual(shown(), { status: "Assigned", inForce: true, validUntil: "2026-06-14T23:00:00Z" });

    await advance(world, controller, hour - 1000);
    assert.deepEqual(world.onVm(), ["reader"]);
    await advance(world, controller, 1000);
    assert.deepEqual(world.onVm(), []);
    assert.deepEqual(world.objects(), []);
    assert.equal(wakes(), "2026-06-15T21:57:00Z");
    assert.deepEqual(world.compute.journal, ["+reader", "-reader"]);
  });

  it("keeps the identity over the closed time when it opens again within keepIfReopensWithin", async (t) => {
    const world = createWorld("2026-06-14T22:30:00Z");
    world.bind(makeBinding("reader", { timeBox: dailyWindow("22:00", "23:00") }));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    await advance(world, controller, hour);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.deepEqual(world.cluster.list("AzureAssignedIdentity")[0]?.status, {
      status: "Assigned",
      inForce: false,
      validUntil: null,
    });
    await advance(world, controller, 24 * hour);
    assert.deepEqual(world.compute.journal, ["+reader"]);
  });

  it("does not assign a closed box just because it opens within keepIfReopensWithin", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader", { timeBox: dailyWindow("22:00", "23:00") }));
    world.cluster.put("Pod", makePod("web-0"));
    await startController(t, world);
    assert.deepEqual(world.objects(), []);
  });

  it("is a union over the bindings that give the same identity", async (t) => {
    const world = createWorld("2026-06-14T22:30:00Z");
    const none = { keepIfReopensWithin: "0s", leadTime: "0s" };
    world.bind(makeBinding("early", { identity: "reader", timeBox: dailyWindow("22:00", "23:00", none) }));
    world.bind(makeBinding("late", { identity: "reader", timeBox: dailyWindow("23:00", "23:30", none) }));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    assert.equal(world.cluster.list("AzureAssignedIdentity")[0]?.status.validUntil, "2026-06-14T23:30:00Z");
    await advance(world, controller, hour);
    assert.deepEqual(world.compute.journal, ["+reader", "-reader"]);
  });

  it("is noticed within 5 s when the clock is stepped over its end", async (t) => {
    const world = createWorld("2026-06-14T22:10:00Z");
    world.bind(makeBinding("reader", { timeBox }));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.clock.stepWall(3 * hour);
    world.clock.advance(5000);
    await controller.settled();
    assert.deepEqual(world.onVm(), []);
  });

  it("is noticed within 5 s when the clock is stepped back before its start", async (t) => {
    const world = createWorld("2026-06-14T22:10:00Z");
    world.bind(makeBinding("reader", { timeBox }));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.clock.stepWall(-hour);
    world.clock.advance(5000);
    await controller.settled();
    assert.deepEqual(world.onVm(), []);
    assert.equal(formatInstant(controller.nextWake() ?? assert.fail()), "2026-06-14T21:57:00Z");
  });

  it("40 days off starts no long timer", async (t) => {
    const world = createWorld("2026-06-14T00:00:00Z");
    world.bind(makeBinding("reader", { timeBox: { notAfter: "2026-07-24T00:00:00Z" } }));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    assert.equal(formatInstant(controller.nextWake() ?? assert.fail()), "2026-07-24T00:00:00Z");
    assert.ok((world.clock.nextTimerInMs() ?? Infinity) <= 5000);
    world.clock.advance(40 * 24 * hour);
    await controller.settled();
    assert.deepEqual(world.objects(), []);
    assert.equal(controller.nextWake(), null);
  });
});
