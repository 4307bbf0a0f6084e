import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { resourceIdOf } from "../../../src/controller/assigned-identity.ts";
import { createGathering, type Gathering, withhold } from "../../../src/controller/gathering.ts";
import type { Action } from "../../../src/controller/action.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { identityId, makeAssigned, makeIdentity, makePod, vmId } from "./objects.ts";

const terms = { quietMs: 1000, readyMs: 400, longestMs: 5000 };

interface Fixture {
  readonly clock: SimulatedClock;
  readonly gathering: Gathering;
  /** `key delay` of what is to be looked at again. */
  readonly later: readonly string[];
}

function start(): Fixture {
  const clock = createSimulatedClock(0);
  const later: string[] = [];
  const gathering = createGathering({
    clock,
    terms,
    later: (key, delayMs) => void later.push(`${key} ${delayMs}`),
  });
  return { clock, gathering, later };
}

function change(add: readonly string[], remove: readonly string[] = []): readonly Action[] {
  const target = vmId("vm-0");
  return [{ type: "changeIdentities", target, add: add.map(identityId), remove: remove.map(identityId) }];
}

const lower = (...names: readonly string[]): ReadonlySet<string> =>
  new Set(names.map((name) => identityId(name).toLowerCase()));

describe("what is gathered", () => {
  it("is let go when nothing came for a while, or after the longest wait", () => {
    const { clock, gathering, later } = start();
    const names = Array.from({ length: 8 }, (_, index) => `id-${index}`);
    for (const [index] of names.entries()) {
      const some = names.slice(0, index + 1);
      const held = gathering.hold("vm", change(some), []);
      assert.deepEqual(held.ids, index * 800 < 5000 ? lower(...some) : new Set());
      clock.advance(800);
    }
    assert.deepEqual(later.slice(0, 2), ["vm 400", "vm 400"]);
    assert.equal(later.at(-1), "vm 200", "5 s after the first");
  });

  it("does not wait for what comes again", () => {
    const { clock, gathering, later } = start();
    gathering.hold("vm", change(["a"]), []);
    clock.advance(400);
    gathering.hold("vm", change(["a"]), []);
    assert.deepEqual(later, ["vm 400", "vm 600"]);
  });

  it("is prepared once, when others are not likely to come", () => {
    const { clock, gathering, later } = start();
    const readyForMs = (names: readonly string[]): number =>
      gathering.hold("vm", change(names), []).readyForMs;
    assert.equal(readyForMs(["a"]), 0);
    clock.advance(399);
    assert.equal(readyForMs(["a", "b"]), 0, "it was not quiet for long enough");
    clock.advance(400);
    assert.equal(readyForMs(["a", "b"]), 600);
    assert.equal(readyForMs(["a", "b"]), 0);
    clock.advance(599);
    assert.equal(readyForMs(["a", "b", "late"]), 0);
    clock.advance(999);
    assert.equal(readyForMs(["a", "b", "late"]), 0);
    assert.deepEqual(later, ["vm 400", "vm 400", "vm 600", "vm 600", "vm 1000", "vm 1"]);
    clock.advance(1);
    assert.deepEqual(gathering.hold("vm", change(["a"]), []), { ids: new Set(), readyForMs: 0 });
    clock.advance(5000);
    assert.equal(readyForMs(["next"]), 0);
    clock.advance(400);
    assert.equal(readyForMs(["next"]), 600, "the next batch is another");
  });

  it("is not prepared when it only removes", () => {
    const { clock, gathering, later } = start();
    for (const _ of [0, 1]) {
      assert.equal(gathering.hold("vm", change([], ["old"]), []).readyForMs, 0);
      clock.advance(4000);
    }
    assert.deepEqual(later, ["vm 5000", "vm 1000"]);
    gathering.hold("other", change([], ["old"]), []);
    gathering.hold("other", change(["new"], ["old"]), []);
    clock.advance(400);
    assert.equal(gathering.hold("other", change(["new"], ["old"]), []).readyForMs, 600);
  });

  it("goes at once when it is tried again", () => {
    const { clock, gathering } = start();
    gathering.hold("vm", change(["a"]), []);
    clock.advance(1000);
    assert.equal(gathering.hold("vm", change(["a"]), []).ids.size, 0);
    clock.advance(42_000);
    assert.equal(gathering.hold("vm", change(["a"]), []).ids.size, 0);
  });

  it("begins anew when nothing was left to do meanwhile, or the unit was forgotten", () => {
    const { clock, gathering } = start();
    gathering.hold("vm", change(["a"]), []);
    clock.advance(1000);
    gathering.hold("vm", [], []);
    assert.equal(gathering.hold("vm", change(["a"]), []).ids.size, 1);
    clock.advance(1000);
    gathering.forget("vm");
    assert.equal(gathering.hold("vm", change(["a"]), []).ids.size, 1);
  });

  it("waits the longest when it only removes, and goes with what is added meanwhile", () => {
    const { clock, gathering, later } = start();
    gathering.hold("vm", change([], ["old"]), []);
    clock.advance(1500);
    gathering.hold("vm", change(["new"], ["old"]), []);
    clock.advance(1000);
    assert.equal(gathering.hold("vm", change(["new"], ["old"]), []).ids.size, 0);
    assert.deepEqual(later, ["vm 5000", "vm 400"]);
  });

  it("is not what an object in state Assigned shows to be there", () => {
    const { gathering, later } = start();
    const assigned = makeAssigned(makePod("web-0"), makeIdentity("one"));
    assert.equal(gathering.hold("vm", change(["one"]), [assigned]).ids.size, 0);
    const created = makeAssigned(makePod("web-1"), makeIdentity("two"), { status: { status: "Created" } });
    assert.deepEqual(gathering.hold("vm", change(["one", "two"]), [assigned, created]).ids, lower("two"));
    assert.deepEqual(later, ["vm 400"]);
  });
});

describe("withholding", () => {
  it("leaves out all that is about the identities, and nothing else", () => {
    const object = makeAssigned(makePod("web-0"), makeIdentity("one"));
    const subject = { binding: null, identity: null, node: "vm-0", pod: "shop/web-0", object: "default/x" };
    const display = { inForce: true, validUntil: null };
    const stays: readonly Action[] = [
      { type: "showTimeBox", subject, display },
      { type: "markAssigned", subject, resourceId: identityId("two").toLowerCase(), display },
      { type: "delete", subject, resourceId: null },
    ];
    const actions: readonly Action[] = [
      { type: "create", subject, object, unsent: null },
      { type: "markAssigned", subject, resourceId: resourceIdOf(object), display },
      { type: "markUnassigned", subject, resourceId: resourceIdOf(object) },
      ...stays,
    ];
    assert.deepEqual(withhold([...change(["One", "two"], ["old"]), ...actions], lower("one", "old")), [
      ...change(["two"]),
      ...stays,
    ]);
    assert.deepEqual(withhold(change(["one"]), lower("one")), []);
    assert.equal(withhold(actions, new Set()), actions);
  });
});
