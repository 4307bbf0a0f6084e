import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { azureBudgets } from "../../../src/emulator/settings.ts";
import { failOnce, managedID, setID, startArmWorld, vmID } from "./arm-world.ts";

const pool = setID("pool");
const machines = { [pool]: ["node-0"] };
const second = 1000;
const minute = 60 * second;
const names = (count: number, prefix = "id"): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

describe("changes of one target", () => {
  it("go a second after the first when no other comes", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["reader"] });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(0.4 * second - 1);
    assert.deepEqual([world.calls("GET"), world.objects()], [[], []]);
    await world.pass(0.6 * second);
    assert.deepEqual([world.calls("GET"), world.calls("PATCH")], [["+0.4 GET 200"], []]);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Created"], "it is made ready meanwhile");
    await world.pass(1);
    assert.deepEqual([world.calls("GET"), world.calls("PATCH")], [["+0.4 GET 200"], ["+1 PATCH 202"]]);
    await world.pass(40 * second);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
  });

  it("that come in a burst go as one, a second after the last of them", async (t) => {
    const identities = names(5);
    const world = await startArmWorld(t, { machines, identities });
    for (const name of identities) {
      world.addPod(`pod-${name}`, "node-0", [name]);
      await world.pass(0.7 * second);
    }
    await world.pass(60 * second);
    assert.deepEqual(world.calls("PATCH"), ["+3.8 PATCH 202"]);
    assert.deepEqual(world.calls("GET"), ["+0.4 GET 200", "+3.8 GET 200", "+43.8 GET 200"]);
    assert.deepEqual(world.on(pool), identities);
  });

  it("wait 5 s at most, and what comes while ARM works goes as one afterwards", async (t) => {
    const identities = names(20);
    const world = await startArmWorld(t, { machines, identities });
    for (const name of identities) {
      world.addPod(`pod-${name}`, "node-0", [name]);
      await world.pass(0.9 * second);
    }
    await world.pass(90 * second);
    assert.deepEqual(world.calls("PATCH"), ["+5 PATCH 202", "+46 PATCH 202"]);
    assert.deepEqual(world.on(pool), identities.toSorted());
  });

  it("go when their time has come though nothing could be made ready", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["reader", "writer"] });
    const answer = { kind: "answer", status: 503, code: "ServiceUnavailable", message: "later" } as const;
    world.emulator.addArmFault({ match: { method: "GET" }, count: 1, action: answer });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(second);
    assert.deepEqual(world.calls("GET"), ["+0.4 GET 503", "+1 GET 200"]);
    assert.deepEqual(world.calls("PATCH"), ["+1 PATCH 202"]);
    await world.pass(minute);
    failOnce(world, "createAssignedIdentity");
    world.addPod("web-1", "node-0", ["writer"]);
    await world.pass(second);
    assert.deepEqual(world.calls("PATCH").at(-1), "+62 PATCH 202");
    await world.pass(minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-1-shop-writer Assigned"]);
    assert.deepEqual(
      world.cluster.events.filter(({ type }) => type === "Warning"),
      [],
      "what is made in time is no failure",
    );
  });

  it("that need no PATCH wait for nothing", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["reader"] });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(60 * second);
    world.addPod("web-1", "node-0", ["reader"]);
    await world.pass(0);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-1-shop-reader Assigned"]);
    assert.equal(world.calls("PATCH").length, 1);
  });

  it("that only remove wait 5 s, so that a pod which is replaced costs nothing", async (t) => {
    const world = await startArmWorld(t, { machines, identities: ["reader"] });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(60 * second);
    world.cluster.remove("Pod", "shop/web-0");
    await world.pass(4.9 * second);
    world.addPod("web-1", "node-0", ["reader"]);
    await world.pass(60 * second);
    assert.deepEqual(world.objects(), ["web-1-shop-reader Assigned"]);
    world.cluster.remove("Pod", "shop/web-1");
    await world.pass(60 * second);
    assert.deepEqual(world.calls("PATCH"), ["+1 PATCH 202", "+129.9 PATCH 202"]);
    assert.deepEqual([world.on(pool), world.objects()], [[], []]);
  });
});

describe("many changes", () => {
  it("of 1,000 pods on 10 scale sets take 10 PATCH, within the budget that Azure has", async (t) => {
    const sets = names(10, "pool");
    const identities = names(20);
    const world = await startArmWorld(t, {
      machines: Object.fromEntries(sets.map((set) => [setID(set), names(10, `${set}-node`)])),
      identities,
      settings: { armBudgets: azureBudgets },
    });
    for (let index = 0; index < 1000; index += 1) {
      const node = `pool-${index % 10}-node-${Math.floor(index / 10) % 10}`;
      world.addPod(`web-${index}`, node, [`id-${Math.floor(index / 50)}`]);
    }
    await world.pass(60 * second);
    const states = world.objects().map((text) => text.split(" ")[1]);
    assert.deepEqual([states.length, new Set(states)], [1000, new Set(["Assigned"])]);
    for (const set of sets) assert.equal(world.on(setID(set)).length, 20);
    assert.deepEqual(
      world.calls("PATCH"),
      sets.map(() => "+1 PATCH 202"),
    );
    assert.ok(world.calls("GET").every((call) => call.endsWith(" 200")));
    t.diagnostic(`${world.calls("PATCH").length} PATCH, ${world.calls("GET").length} GET`);
  });

  it("of more than 150 identities go in parts, and the later parts are not forgotten when one fails", async (t) => {
    const identities = names(320);
    const world = await startArmWorld(t, { machines, identities });
    // They go in the order of their objects' names.
    const slow = { kind: "answer", status: 429, code: "TooManyRequests", message: "slow" } as const;
    world.emulator.addArmFault({
      match: { method: "PATCH", adds: managedID("id-99") },
      count: 1,
      action: { ...slow, retryAfter: "30" },
    });
    for (const name of identities) world.addPod(`pod-${name}`, "node-0", [name]);
    await world.pass(85 * second);
    const assigned = world.objects().filter((text) => text.endsWith(" Assigned"));
    assert.equal(assigned.length, 300, "those of earlier parts do not wait for the rest");
    await world.pass(70 * second);
    assert.deepEqual(world.calls("PATCH"), [
      "+1 PATCH 202",
      "+41 PATCH 202",
      "+81 PATCH 429",
      "+111 PATCH 202",
    ]);
    assert.equal(world.on(pool).length, 320);
  });

  it("of machines of one name in two resource groups are those of two machines", async (t) => {
    const [one, other] = [vmID("node-0", "one"), vmID("node-0", "two")];
    const world = await startArmWorld(t, {
      machines: {
        [one]: ["a"],
        [other]: ["b"],
        [setID("pool", "One")]: ["c"],
        [setID("pool", "Two")]: ["d"],
      },
      identities: ["reader", "writer"],
    });
    world.addPod("web-a", "a", ["reader"]);
    world.addPod("web-d", "d", ["writer"]);
    await world.pass(60 * second);
    assert.deepEqual(
      [one, other, setID("pool", "one"), setID("pool", "two")].map((id) => world.on(id)),
      [["reader"], [], [], ["writer"]],
    );
  });
});
