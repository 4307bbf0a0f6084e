import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { binding, machineID, managedIdentity, manifest, node, pod, principal } from "../manifests.ts";
import { upstreamTimeoutMs } from "../../../src/nmi/token-fetch.ts";
import { msOf, startWorld, type World } from "../world.ts";

const nightly = {
  openWhen: "Schedule",
  timeZone: "Europe/Berlin",
  windows: [{ times: [{ start: "00:00", end: "01:00" }] }],
  assignment: { keepIfReopensWithin: "0s" },
};

const daily = (start: string, end: string): object => ({
  timeBox: { openWhen: "Schedule", timeZone: "UTC", windows: [{ times: [{ start, end }] }] },
});

async function startAt(t: TestContext, at: string, ...objects: readonly object[]): Promise<World> {
  const world = await startWorld({ at, manifests: { "edges.yaml": manifest(node, ...objects) } });
  t.after(() => world.close());
  return world;
}

const startNightly = (t: TestContext, at: string): Promise<World> =>
  startAt(t, at, managedIdentity("app"), binding("app", { timeBox: nightly }), pod("app"));

describe("the edge of a window", () => {
  it("drops a token that arrives after the end, though the identity is still assigned (38)", async (t) => {
    const world = await startNightly(t, "2026-06-14T22:30:00Z");
    await world.moveTo("2026-06-14T22:59:59Z");
    await world.stack.controller.close();
    world.clock.advance(900);

    const isCallingUpstream = world.clock.timerStarted(upstreamTimeoutMs);
    const answer = world.ask("shop/app");
    await isCallingUpstream;
    world.clock.advance(2100);
    const { status, reasons } = await answer;
    assert.deepEqual([status, reasons], [403, ["OutsideSchedule"]]);
    const upstream = world.stack.emulator.journal.list().at(-1);
    assert.deepEqual([upstream?.listener, upstream?.status], ["imds:node-0", 200]);
    assert.deepEqual(world.identitiesOn(machineID), ["app"]);
  });

  it("is prepared for by an assignment ahead of it, and told to the client as its token's end (39)", async (t) => {
    const world = await startNightly(t, "2026-06-14T21:50:00Z");
    await world.moveTo("2026-06-14T21:56:59Z");
    assert.deepEqual(world.patches(), []);
    await world.moveTo("2026-06-14T21:59:59Z");
    assert.deepEqual(world.patches(), ["+app"]);
    assert.deepEqual((await world.ask("shop/app")).reasons, ["OutsideSchedule"]);

    const armCalls = (): number =>
      world.stack.emulator.journal.list().filter(({ listener }) => listener === "arm").length;
    const before = armCalls();
    await world.moveTo("2026-06-14T22:00:00Z");
    assert.equal((await world.ask("shop/app")).expiresIn, 3600);
    assert.equal(armCalls(), before);

    await world.moveTo("2026-06-14T22:50:00Z");
    assert.equal((await world.ask("shop/app")).expiresIn, 600);
    await world.moveTo("2026-06-14T22:57:00Z");
    assert.equal((await world.ask("shop/app")).expiresIn, 180);
    await world.moveTo("2026-06-14T23:00:00Z");
    assert.equal((await world.ask("shop/app")).status, 403);
    await world.settle();
    assert.deepEqual(world.patches(), ["+app", "-app"]);
    assert.deepEqual(world.identitiesOn(machineID), []);
  });

  it("is noticed within seconds when the wall clock is set over it (40)", async (t) => {
    const world = await startNightly(t, "2026-06-14T22:30:00Z");
    await world.settle();
    assert.deepEqual(world.identitiesOn(machineID), ["app"]);
    world.clock.stepWall(3 * 3600 * 1000);
    assert.equal((await world.ask("shop/app")).status, 403);
    world.clock.advance(5000);
    await world.settle();
    assert.deepEqual(world.identitiesOn(machineID), []);
  });

  it("is not reached a fraction of a second before it", async (t) => {
    const objects = [...principal("app"), binding("app", { timeBox: nightly }), pod("app")];
    const world = await startAt(t, "2026-06-14T21:59:59Z", ...objects);
    world.clock.advance(999);
    assert.equal((await world.ask("shop/app")).status, 403);
    world.clock.advance(1);
    assert.equal((await world.ask("shop/app")).status, 200);
  });
});

describe("two bindings that give a pod the same identity", () => {
  const rows = [
    {
      name: "have one end when they touch",
      late: daily("01:00", "02:00"),
      validUntil: "2026-06-15T02:00:00Z",
    },
    {
      name: "have a hole when they do not",
      late: daily("01:01", "02:00"),
      validUntil: "2026-06-15T01:00:00Z",
    },
  ];
  for (const { name, late, validUntil } of rows) {
    it(name, async (t) => {
      const shared = { azureIdentity: "app", selector: "app" };
      const world = await startAt(
        t,
        "2026-06-15T00:30:00Z",
        ...principal("app"),
        binding("early", { ...shared, ...daily("00:00", "01:00") }),
        binding("late", { ...shared, ...late }),
        pod("app"),
      );
      const explained = world.explain("shop/app").identities;
      assert.deepEqual(
        explained.map((entry) => [entry.binding, entry.inForce, entry.validUntil, entry.nextState]),
        [
          ["shop/early", true, validUntil, "closed"],
          ["shop/late", false, validUntil, "open"],
        ],
      );
      // The secret's own token lives for an hour, to 01:30.
      const tokenEnd = msOf("2026-06-15T01:29:59Z");
      const { expiresOn } = await world.ask("shop/app");
      assert.equal((expiresOn ?? 0) * 1000, Math.min(msOf(validUntil), tokenEnd));
    });
  }
});
