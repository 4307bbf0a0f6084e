import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { type Compute, createCompute } from "../../../src/azure/compute.ts";
import type { ComputeResult } from "../../../src/azure/compute-result.ts";
import { createSecretCredential } from "../../../src/azure/credential.ts";
import type { EmulatorSettings } from "../../../src/emulator/settings.ts";
import {
  appClientID,
  appSecret,
  drive,
  managed,
  scaleSet,
  startWorld,
  systemVm,
  tenantID,
  until,
  vm,
  type World,
} from "./world.ts";

const cloud = findCloud("");
const signal = new AbortController().signal;

async function start(
  t: TestContext,
  settings: Partial<EmulatorSettings> = {},
): Promise<{ readonly world: World; readonly compute: Compute }> {
  const world = await startWorld(t, settings);
  return { world, compute: accessTo(world) };
}

function accessTo({ clock, authorityUrl, armUrl }: World): Compute {
  const endpoints = { authorityUrl, armUrl };
  const app = { tenantID, clientID: appClientID, clientSecret: appSecret };
  const credential = createSecretCredential({ clock, cloud, endpoints, ...app });
  return createCompute({ clock, cloud, credential, endpoints });
}

function namesOf(result: ComputeResult): readonly string[] {
  assert.ok(result.ok, JSON.stringify(result));
  return result.identities.map((id) => id.split("/").at(-1) ?? "").toSorted();
}

/** Methods of the calls that reached ARM, in order. */
function calls(world: World): readonly string[] {
  return world.emulator.journal
    .list()
    .flatMap(({ listener, method, target }) =>
      listener === "arm" ? [target.includes("/operations/") ? "poll" : method] : [],
    );
}

describe("identities of machines on the emulator", () => {
  it("are read", async (t) => {
    const { world, compute } = await start(t);
    assert.deepEqual(namesOf(await compute.getIdentities(vm.toUpperCase(), signal)), ["reader"]);
    assert.deepEqual(namesOf(await compute.getIdentities(scaleSet, signal)), []);
    assert.deepEqual(calls(world), ["GET", "GET"]);
  });

  it("are changed by one PATCH, whose operation is followed, and read again", async (t) => {
    const { world, compute } = await start(t);
    const change = { add: [managed("writer"), managed("auditor")], remove: [managed("reader")] };
    const result = await drive(world.clock, compute.changeIdentities(vm, change, signal));
    assert.deepEqual(namesOf(result), ["auditor", "writer"]);
    assert.deepEqual(calls(world), ["GET", "PATCH", "poll", "poll", "poll", "poll", "GET"]);
  });

  it("are not patched when there is nothing to change", async (t) => {
    const { world, compute } = await start(t);
    const change = { add: [managed("READER")], remove: [managed("writer")] };
    assert.deepEqual(namesOf(await compute.changeIdentities(vm, change, signal)), ["reader"]);
    assert.deepEqual(calls(world), ["GET"]);
  });

  it("stay beside the system identity, to the last one and without it", async (t) => {
    const { world, compute } = await start(t);
    const add = { add: [managed("writer")], remove: [] };
    const added = await drive(world.clock, compute.changeIdentities(systemVm, add, signal));
    assert.deepEqual(namesOf(added), ["reader", "writer"]);
    const remove = { add: [], remove: [managed("writer"), managed("reader")] };
    const removed = await drive(world.clock, compute.changeIdentities(systemVm, remove, signal));
    assert.deepEqual(namesOf(removed), []);
    assert.equal(world.emulator.identitiesOf(systemVm)?.systemAssigned, true);
  });

  it("come to and leave a scale set that has no other", async (t) => {
    const { world, compute } = await start(t);
    const ids = [managed("reader")];
    const change = (add: readonly string[], remove: readonly string[]): Promise<ComputeResult> =>
      drive(world.clock, compute.changeIdentities(scaleSet, { add, remove }, signal));
    assert.deepEqual(namesOf(await change(ids, [])), ["reader"]);
    assert.deepEqual(namesOf(await change([], ids)), []);
  });

  it("are changed in turn on one machine", async (t) => {
    const { world, compute } = await start(t);
    const results = await drive(
      world.clock,
      Promise.all([
        compute.changeIdentities(vm, { add: [managed("writer")], remove: [] }, signal),
        compute.changeIdentities(vm.toLowerCase(), { add: [managed("auditor")], remove: [] }, signal),
      ]),
    );
    assert.deepEqual(results.map(namesOf), [
      ["reader", "writer"],
      ["auditor", "reader", "writer"],
    ]);
    assert.equal(calls(world).filter((method) => method === "PATCH").length, 2);
  });

  it("fail as unavailable when the operation does not end within 10 minutes", async (t) => {
    const { world, compute } = await start(t, { operationDurationMs: 3_600_000, retryAfterSeconds: 45 });
    const change = { add: [managed("writer")], remove: [] };
    const result = await drive(world.clock, compute.changeIdentities(vm, change, signal));
    assert.ok(!result.ok);
    assert.equal(result.failure.kind, "unavailable");
    assert.equal(result.failure.detail, "the operation did not end within 10 minutes");
    const again = await drive(world.clock, compute.changeIdentities(vm, change, signal));
    assert.ok(!again.ok);
    assert.equal(again.failure.kind, "conflict", "the operation still runs");
  });

  it("name the identity that does not exist", async (t) => {
    const { compute } = await start(t);
    const change = { add: [managed("writer"), managed("deleted")], remove: [] };
    const result = await compute.changeIdentities(vm, change, signal);
    assert.ok(!result.ok);
    assert.equal(result.failure.kind, "refused");
    assert.deepEqual(result.failure.identities, [managed("deleted")]);
  });

  const rows = [
    { name: "a machine that is gone", target: vm.replace("node-0", "node-9"), kind: "notFound" },
    { name: "what is no machine", target: "azure:///x", kind: "refused" },
  ];
  for (const { name, target, kind } of rows) {
    it(`fail as ${kind} on ${name}`, async (t) => {
      const { compute } = await start(t);
      for (const result of [
        await compute.getIdentities(target, signal),
        await compute.changeIdentities(target, { add: [managed("writer")], remove: [] }, signal),
      ]) {
        assert.ok(!result.ok);
        assert.equal(result.failure.kind, kind);
      }
    });
  }

  it("are given up when the caller is, and the next change goes on from what is there", async (t) => {
    const { world, compute } = await start(t);
    const caller = new AbortController();
    const change = { add: [managed("writer")], remove: [] };
    const pending = compute.changeIdentities(vm, change, caller.signal);
    await until(() => world.clock.nextTimerInMs() === 10_000);
    caller.abort(new Error("lease lost"));
    const result = await pending;
    assert.ok(!result.ok);
    assert.equal(result.failure.detail, "ARM did not answer: lease lost");
    world.clock.advance(35_000);
    assert.deepEqual(namesOf(await compute.changeIdentities(vm, change, signal)), ["reader", "writer"]);
    assert.deepEqual(calls(world), ["GET", "PATCH", "GET"]);
  });
});

describe("identities that somebody has just asked for", () => {
  const change = { add: [managed("writer")], remove: [] };
  const instant = { operationDurationMs: 0 };

  it("are changed without another read, once", async (t) => {
    const { world, compute } = await start(t, instant);
    await compute.getIdentities(vm.toUpperCase(), signal);
    assert.deepEqual(namesOf(await compute.changeIdentities(vm, change, signal)), ["reader", "writer"]);
    assert.deepEqual(calls(world), ["GET", "PATCH", "GET"]);
    const more = { add: [managed("auditor")], remove: [] };
    await compute.changeIdentities(vm, more, signal);
    assert.deepEqual(calls(world).slice(3), ["GET", "PATCH", "GET"]);
  });

  it("are read again after 10 s", async (t) => {
    const { world, compute } = await start(t, instant);
    await compute.getIdentities(vm, signal);
    world.clock.advance(10_000);
    await compute.changeIdentities(vm, change, signal);
    assert.deepEqual(calls(world), ["GET", "GET", "PATCH", "GET"]);
  });

  it("are read again when nothing seems to be left to do", async (t) => {
    const { world, compute } = await start(t, instant);
    await compute.getIdentities(vm, signal);
    assert.ok((await compute.changeIdentities(vm, { add: [managed("reader")], remove: [] }, signal)).ok);
    assert.deepEqual(calls(world), ["GET", "GET"]);
  });

  it("are not changed by what was so before somebody else changed the machine", async (t) => {
    const { world, compute } = await start(t, instant);
    await compute.getIdentities(vm, signal);
    const other = { add: [managed("auditor")], remove: [] };
    await accessTo(world).changeIdentities(vm, other, signal);
    const before = calls(world).length;
    // Nothing runs on the machine, so that nothing is waited for.
    const result = await compute.changeIdentities(vm, change, signal);
    assert.deepEqual(namesOf(result), ["auditor", "reader", "writer"]);
    assert.deepEqual(calls(world).slice(before), ["PATCH", "GET", "PATCH", "GET"]);
    assert.deepEqual(
      world.emulator.journal.list().flatMap(({ method, status }) => (method === "PATCH" ? [status] : [])),
      [200, 412, 200],
    );
  });

  it("are read again when ARM refuses the change", async (t) => {
    const { world, compute } = await start(t, instant);
    await compute.getIdentities(vm, signal);
    await accessTo(world).changeIdentities(vm, { add: [managed("auditor")], remove: [] }, signal);
    const message = "The identity does not exist.";
    world.emulator.addArmFault({
      match: { method: "PATCH" },
      count: 1,
      action: { kind: "answer", status: 400, code: "FailedIdentityOperation", message },
    });
    const result = await compute.changeIdentities(vm, change, signal);
    assert.ok(!result.ok);
    assert.deepEqual(result.identities?.length, 2);
  });
});

async function putOn(world: World, name: string): Promise<void> {
  const result = await accessTo(world).changeIdentities(vm, { add: [managed(name)], remove: [] }, signal);
  assert.ok(result.ok);
}

function refusePatch(world: World, status: number): void {
  const answer = { kind: "answer", status, code: "AsTheTestWants", message: "not now" } as const;
  world.emulator.addArmFault({ match: { method: "PATCH" }, count: 1, action: answer });
}

describe("identities that nobody has been asked for", () => {
  const both = { add: [managed("Auditor"), managed("writer")], remove: [] };
  const request = { ...both, unsent: both.add };
  const instant = { operationDurationMs: 0 };
  it("are found when somebody else has put them there, and sent when not", async (t) => {
    const { world, compute } = await start(t, instant);
    await compute.getIdentities(vm, signal);
    await putOn(world, "auditor");
    const result = await compute.changeIdentities(vm, request, signal);
    assert.deepEqual(namesOf(result), ["auditor", "reader", "writer"]);
    assert.deepEqual([result.found, result.unsent], [[managed("Auditor")], [managed("Auditor")]]);
    const again = await compute.changeIdentities(vm, { ...both, unsent: [managed("writer")] }, signal);
    assert.deepEqual(again.found, [managed("writer")], "it is for the caller to know what was asked for");
  });

  for (const status of [400, 403, 429]) {
    it(`are found after a request that ARM refused with ${status}`, async (t) => {
      const { world, compute } = await start(t, instant);
      await compute.getIdentities(vm, signal);
      await putOn(world, "auditor");
      refusePatch(world, status);
      const result = await compute.changeIdentities(vm, request, signal);
      assert.ok(!result.ok);
      assert.deepEqual([result.found, result.unsent], [[managed("Auditor")], request.unsent]);
    });
  }

  it("are nobody's to tell after a request that may have done something", async (t) => {
    const { world, compute } = await start(t, instant);
    await compute.getIdentities(vm, signal);
    refusePatch(world, 503);
    const result = await compute.changeIdentities(vm, request, signal);
    assert.deepEqual([result.ok, result.found, result.unsent], [false, [], []]);
  });

  it("are ours when nobody else was there", async (t) => {
    const { compute } = await start(t, instant);
    const result = await compute.changeIdentities(scaleSet, request, signal);
    assert.deepEqual(namesOf(result), ["Auditor", "writer"]);
    assert.deepEqual([result.found, result.unsent], [[], []]);
  });

  it("are unsent still when the machine cannot be read", async (t) => {
    const { world, compute } = await start(t, instant);
    const answer = { kind: "answer", status: 503, code: "ServiceUnavailable", message: "later" } as const;
    world.emulator.addArmFault({ match: { method: "GET" }, count: 1, action: answer });
    const result = await compute.changeIdentities(vm, request, signal);
    assert.deepEqual([result.ok, result.unsent], [false, request.unsent]);
  });
});
