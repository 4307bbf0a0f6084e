import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { isObject } from "../../../src/controller/json-shape.ts";
import type { JsonObject } from "../../../src/engine/resources.ts";
import { makeBinding, makeGrant, makePod } from "./objects.ts";
import { advance, createWorld, startController, type World } from "./world.ts";

function shownBy(world: World): readonly string[] {
  return world.cluster.applied.map(({ key, status }) => `${key} ${inForceOf(status)}`);
}

function inForceOf({ timeBox, state }: JsonObject): string {
  return JSON.stringify(isObject(timeBox) ? timeBox["inForce"] : state).replaceAll('"', "");
}

function flipsOf(world: World): readonly string[] {
  return world.cluster.events
    .filter(({ reason }) => reason.startsWith("TimeBox") || reason.startsWith("Grant"))
    .map(({ key, reason }) => `${key} ${reason}`);
}

const notAfter = "2026-06-14T12:10:00Z";

describe("the status writer", () => {
  it("writes once, and again when the box closes, with one event", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader", { timeBox: { notAfter } }));
    const controller = await startController(t, world);
    await advance(world, controller, 9 * 60_000);
    assert.deepEqual(shownBy(world), ["shop/reader Yes"], "a resync writes nothing");
    assert.deepEqual(flipsOf(world), []);
    await advance(world, controller, 61_000);
    assert.deepEqual(shownBy(world), ["shop/reader Yes", "shop/reader No"]);
    assert.deepEqual(flipsOf(world), ["shop/reader TimeBoxClosed"]);
  });

  it("leaves what a predecessor has written, with its times and without events", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader", { timeBox: { notAfter } }));
    const first = world.createController();
    first.start();
    await first.settled();
    await first.close();
    world.clock.advance(60_000);
    await startController(t, world);
    assert.deepEqual(shownBy(world), ["shop/reader Yes"]);
  });

  it("shows an edited box at once", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader", { timeBox: { notAfter: "2026-06-14T11:00:00Z" } }));
    const controller = await startController(t, world);
    world.bind(makeBinding("reader", { timeBox: { notAfter } }));
    await controller.settled();
    assert.deepEqual(shownBy(world), ["shop/reader No", "shop/reader Yes"]);
    assert.deepEqual(flipsOf(world), ["shop/reader TimeBoxOpened"]);
  });

  it("says when the identity is assigned, and not once more for each pod", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    const controller = await startController(t, world);
    world.cluster.put("Pod", makePod("web-0"));
    await controller.settled();
    await advance(world, controller, 2000);
    const afterFirst = world.cluster.applied.length;
    assert.match(JSON.stringify(world.cluster.applied.at(-1)), /"Provisioned","status":"True"/);
    for (const name of ["web-1", "web-2"]) {
      world.cluster.put("Pod", makePod(name));
      await controller.settled();
      await advance(world, controller, 2000);
    }
    assert.deepEqual(world.cluster.applied.slice(afterFirst), []);
  });

  it("tries again after a refused write, and tells the flip once", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader", { timeBox: { notAfter } }));
    const controller = await startController(t, world);
    let refusals = 2;
    world.cluster.onApply = async () => {
      refusals -= 1;
      if (refusals >= 0) throw new Error("conflict");
    };
    await advance(world, controller, 20 * 60_000);
    assert.deepEqual(shownBy(world), ["shop/reader Yes", "shop/reader No"]);
    assert.deepEqual(flipsOf(world), ["shop/reader TimeBoxClosed"]);
  });

  it("brings a thousand bindings over midnight, few at a time, while an assignment goes its way", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    for (let index = 0; index < 1000; index += 1) {
      world.bind(makeBinding(`b${index}`, { selector: `s${index}`, timeBox: { notAfter } }));
    }
    world.bind(makeBinding("reader"));
    const controller = await startController(t, world);
    const written = world.cluster.applied.length;
    const gate = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    const full = Promise.withResolvers<void>();
    world.cluster.onApply = async () => {
      running += 1;
      most = Math.max(most, running);
      if (running === 8) full.resolve();
      await gate.promise;
      running -= 1;
    };
    world.clock.advance(10 * 60_000);
    await full.promise;
    const assigned = Promise.withResolvers<void>();
    t.after(
      world.cluster.subscribe(({ kind }) => {
        if (kind === "AzureAssignedIdentity" && world.objects()[0]?.endsWith("Assigned") === true)
          assigned.resolve();
      }),
    );
    world.cluster.put("Pod", makePod("web-0"));
    await assigned.promise;
    assert.equal(
      world.cluster.applied.length,
      written,
      "not one status is through, and the pod has its identity",
    );
    gate.resolve();
    await controller.settled();
    assert.ok(world.cluster.applied.length >= written + 1000);
    assert.equal(most, 8);
  });

  it("follows a grant from the request to its end, and tells nothing of one that was there before", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(
      makeBinding("reader", { timeBox: { openWhen: "Grant", jit: { maxDuration: "1h", approvals: 1 } } }),
    );
    world.cluster.put(
      "AzureIdentityAccessGrant",
      makeGrant("old", { creationTimestamp: "2026-06-14T11:00:00Z" }),
    );
    const controller = await startController(t, world);
    world.cluster.put(
      "AzureIdentityAccessGrant",
      makeGrant("new", { creationTimestamp: "2026-06-14T12:00:00Z" }),
    );
    await controller.settled();
    world.cluster.put("AzureIdentityAccessApproval", {
      ...makeGrant("vote", { creationTimestamp: "2026-06-14T12:00:00Z" }),
      spec: {
        grantName: "new",
        grantUID: "new-uid",
        bindingName: "reader",
        approver: "bob",
        decision: "Approve",
        comment: "",
      },
    });
    await controller.settled();
    await advance(world, controller, 15 * 60_000);
    assert.deepEqual(
      shownBy(world).filter((line) => line.startsWith("shop/new")),
      ["shop/new Pending", "shop/new Active", "shop/new Expired"],
    );
    assert.deepEqual(
      flipsOf(world).filter((line) => line.includes("Grant")),
      [
        "shop/new GrantRequested",
        "shop/new GrantApproved",
        "shop/new GrantActivated",
        "shop/new GrantExpired",
      ],
    );
  });

  it("says of a grant that nobody vouches for that it counts for nothing, and why, with one event", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    const jit = { maxDuration: "1h", approvals: 0 };
    world.bind(makeBinding("reader", { timeBox: { openWhen: "Grant", jit } }));
    world.cluster.distrust(makeGrant("old", { creationTimestamp: "2026-06-14T11:59:00Z" }), "no policy");
    const active = makeGrant("active", { creationTimestamp: "2026-06-14T12:00:00Z" });
    world.cluster.put("AzureIdentityAccessGrant", active);
    const expired = makeGrant("expired", { creationTimestamp: "2026-06-14T11:00:00Z" });
    world.cluster.put("AzureIdentityAccessGrant", expired);
    const controller = await startController(t, world);
    for (const one of [active, expired]) world.cluster.distrust(one, "no policy");
    const revoked = makeGrant("revoked", { creationTimestamp: "2026-06-14T12:00:00Z" });
    world.cluster.distrust({ ...revoked, spec: { ...revoked.spec, revoked: true } }, "no policy");
    await advance(world, controller, 20 * 60_000);
    const shown = (name: string): readonly string[] =>
      shownBy(world).filter((line) => line.startsWith(`shop/${name} `));
    assert.deepEqual(shown("old"), ["shop/old NotBelieved"]);
    assert.deepEqual(shown("active"), ["shop/active Active", "shop/active NotBelieved"]);
    assert.deepEqual(shown("expired"), ["shop/expired Expired"], "the record of what was stays");
    assert.deepEqual(shown("revoked"), ["shop/revoked Revoked"]);
    assert.deepEqual(
      flipsOf(world).filter((line) => line.includes("NotBelieved")),
      ["shop/old GrantNotBelieved", "shop/active GrantNotBelieved"],
    );
    const last = world.cluster.applied.findLast(({ key }) => key === "shop/active");
    assert.deepEqual(last?.status, { state: "NotBelieved", message: "no policy" });
  });
});
