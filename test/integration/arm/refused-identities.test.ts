import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { objectsIn } from "../../../src/controller/json-shape.ts";
import { makeIdentity } from "../../unit/controller/objects.ts";
import { type ArmWorld, managedID, setID, startArmWorld, vmID } from "./arm-world.ts";

const fifty = Array.from({ length: 50 }, (_, index) => `id-${String(index).padStart(2, "0")}`);
const bad = "id-33";
const pool = setID("pool");
const second = 1000;

/** Status and text of the condition Provisioned of the binding for identity `name`. */
function provisioned(world: ArmWorld, name: string): string {
  const binding = world.cluster.list("AzureIdentityBinding").find(({ spec }) => spec.azureIdentity === name);
  const status = world.cluster.statusOf("AzureIdentityBinding", `shop/${binding?.name}`);
  const condition = objectsIn(status?.["conditions"]).find(({ type }) => type === "Provisioned");
  return ["status", "reason", "message"].map((key) => JSON.stringify(condition?.[key])).join(" ");
}

const wholePool = fifty.filter((name) => name !== bad);

describe("one non-existent identity among 50", () => {
  const rows = [
    // Azure finds nothing under the id, and says so.
    { name: "named by ARM", mostPatches: 2, exists: false },
    // Azure only says that something is wrong with the request.
    { name: "not named by ARM", mostPatches: 8, exists: true },
  ];
  for (const { name, mostPatches, exists } of rows) {
    it(`leaves 49 assigned by ${mostPatches} PATCH at most, and is told and waits alone: ${name}`, async (t) => {
      const identities = exists ? fifty : wholePool;
      const world = await startArmWorld(t, { machines: { [pool]: ["node-0"] }, identities });
      const mend = world.emulator.addArmFault({
        match: { method: "PATCH", adds: managedID(exists ? bad : "none") },
        action: { kind: "answer", status: 400, code: "FailedIdentityOperation", message: "It is not right." },
      });
      for (const one of fifty) world.addPod(`pod-${one}`, "node-0", [one]);
      await world.pass((exists ? 165 : 45) * second);

      t.diagnostic(world.calls("PATCH").join(", "));
      assert.ok(world.calls("PATCH").length <= mostPatches);
      assert.deepEqual(world.on(pool), wholePool);
      const unassigned = world.objects().filter((text) => !text.endsWith(" Assigned"));
      assert.deepEqual(unassigned, [`pod-${bad}-shop-${bad} Created`]);
      assert.match(provisioned(world, bad), /"False" "IdentityRefused" ".*FailedIdentityOperation/);
      assert.match(provisioned(world, "id-01"), /"True" "Assigned"/);
      const warned = world.cluster.events.filter(({ type }) => type === "Warning");
      assert.deepEqual([...new Set(warned.map(({ kind, key }) => `${kind} ${key}`))].toSorted(), [
        `AzureIdentity shop/${bad}`,
        `AzureIdentityBinding shop/${bad}-${bad}`,
      ]);

      const before = world.calls("PATCH").length;
      await world.pass(3600 * second);
      t.diagnostic(`in the next hour: ${world.calls("PATCH").slice(before).join(", ")}`);
      assert.ok(world.calls("PATCH").length - before <= 8, "the waits double, to an hour");
      mend();
      if (!exists) await world.addIdentities([bad]);
      await world.pass(3700 * second);
      assert.deepEqual(world.on(pool), fifty);
      assert.match(provisioned(world, bad), /"True" "Assigned"/);
    });
  }
});

describe("an identity that ARM refuses by name", () => {
  it("is tried by one target for all after its wait, and by all once it is accepted", async (t) => {
    const vms = Array.from({ length: 5 }, (_, index) => `vm-${index}`);
    const machines = Object.fromEntries(vms.map((name) => [vmID(name), [name]]));
    const world = await startArmWorld(t, { machines, identities: ["good"] });
    for (const name of vms) world.addPod(`pod-${name}`, name, ["good", "bad"]);
    await world.pass(300 * second);
    const refused = world.calls("PATCH").filter((call) => call.endsWith("400"));
    t.diagnostic(refused.join(", "));
    assert.ok(refused.length <= vms.length + 5, `${refused.length} refused PATCH in 5 minutes`);
    for (const name of vms) assert.deepEqual(world.on(vmID(name)), ["good"]);
    await world.addIdentities(["bad"]);
    await world.pass(600 * second);
    for (const name of vms) assert.deepEqual(world.on(vmID(name)), ["bad", "good"]);
  });

  it("is tried at once when its AzureIdentity is edited", async (t) => {
    const world = await startArmWorld(t, { machines: { [pool]: ["node-0"] } });
    world.addPod("web-0", "node-0", ["reader"]);
    await world.pass(200 * second);
    await world.addIdentities(["reader"]);
    const before = world.calls("PATCH").length;
    const identity = world.cluster.get("AzureIdentity", "shop/reader");
    assert.ok(identity);
    world.cluster.put("AzureIdentity", { ...identity, annotations: { mended: "today" } });
    await world.pass(second);
    assert.equal(world.calls("PATCH").length, before + 1);
    await world.pass(40 * second);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
  });
});

describe("an odd resourceID", () => {
  const goods = Array.from({ length: 5 }, (_, index) => `good-${index}`);
  const good = managedID("good-0");
  const rows = [
    { name: "a dot", id: managedID("my.id"), told: "malformed" },
    { name: "an umlaut", id: managedID("lesör"), told: "malformed" },
    { name: "a trailing slash", id: `${good}/`, told: "malformed" },
    { name: "a leading space", id: ` ${good}`, told: "malformed" },
    { name: "a trailing newline", id: `${good}\n`, told: "malformed" },
    { name: "a longer name", id: `${good}0`, told: "refused" },
    { name: "an odd resource group", id: good.replace("/ids/", "/Gröde-(1).x/"), told: "refused" },
  ] as const;
  for (const { name, id, told } of rows) {
    it(`is told on its AzureIdentity, and no other has to wait for it: ${name}`, async (t) => {
      const world = await startArmWorld(t, { machines: { [pool]: ["node-0"] }, identities: goods });
      world.cluster.put("AzureIdentity", makeIdentity("bad", { spec: { resourceID: id } }));
      for (const one of [...goods, "bad"]) world.addPod(`pod-${one}`, "node-0", [one]);
      await world.pass(300 * second);

      t.diagnostic(world.calls("PATCH").join(", "));
      assert.ok(world.calls("PATCH").length <= 8);
      assert.deepEqual(world.on(pool), goods);
      for (const one of goods) assert.match(provisioned(world, one), /"True" "Assigned"/);
      // For a malformed id no object is made.
      const condition = told === "malformed" ? /"False" "IdentityMalformed"/ : /"False" "IdentityRefused"/;
      assert.match(provisioned(world, "bad"), condition);
      const warned = world.cluster.events.filter(
        ({ type, kind }) => type === "Warning" && kind === "AzureIdentity",
      );
      assert.deepEqual([...new Set(warned.map(({ key }) => key))], ["shop/bad"]);
      const text = told === "malformed" ? /is no id of a user-assigned identity/ : /FailedIdentityOperation/;
      assert.match(warned[0]?.message ?? "", text);

      const before = world.calls("PATCH").length;
      await world.pass(3600 * second);
      const more = world.calls("PATCH").length - before;
      assert.ok(told === "malformed" ? more === 0 : more <= 8, `${more} PATCH in the next hour`);
    });
  }
});
