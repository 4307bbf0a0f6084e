import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ComputeResult } from "../../../src/azure/compute-result.ts";
import { accessTo, namesOf, startAccess } from "./compute-access.ts";
import { drive, managed, scaleSet, systemVm, until, vm, type World } from "./world.ts";

const signal = new AbortController().signal;

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
    const { world, compute } = await startAccess(t);
    assert.deepEqual(namesOf(await compute.getIdentities(vm.toUpperCase(), signal)), ["reader"]);
    assert.deepEqual(namesOf(await compute.getIdentities(scaleSet, signal)), []);
    assert.deepEqual(calls(world), ["GET", "GET"]);
  });

  it("are changed by one PATCH, whose operation is followed, and read again", async (t) => {
    const { world, compute } = await startAccess(t);
    const change = { add: [managed("writer"), managed("auditor")], remove: [managed("reader")] };
    const result = await drive(world.clock, compute.changeIdentities(vm, change, signal));
    assert.deepEqual(namesOf(result), ["auditor", "writer"]);
    assert.deepEqual(calls(world), ["GET", "PATCH", "poll", "poll", "poll", "poll", "GET"]);
  });

  it("are not patched when there is nothing to change", async (t) => {
    const { world, compute } = await startAccess(t);
    const change = { add: [managed("READER")], remove: [managed("writer")] };
    assert.deepEqual(namesOf(await compute.changeIdentities(vm, change, signal)), ["reader"]);
    assert.deepEqual(calls(world), ["GET"]);
  });

  it("stay beside the system identity, to the last one and without it", async (t) => {
    const { world, compute } = await startAccess(t);
    const add = { add: [managed("writer")], remove: [] };
    const added = await drive(world.clock, compute.changeIdentities(systemVm, add, signal));
    assert.deepEqual(namesOf(added), ["reader", "writer"]);
    const remove = { add: [], remove: [managed("writer"), managed("reader")] };
    const removed = await drive(world.clock, compute.changeIdentities(systemVm, remove, signal));
    assert.deepEqual(namesOf(removed), []);
    assert.equal(world.emulator.identitiesOf(systemVm)?.systemAssigned, true);
  });

  it("come to and leave a scale set that has no other", async (t) => {
    const { world, compute } = await startAccess(t);
    const ids = [managed("reader")];
    const change = (add: readonly string[], remove: readonly string[]): Promise<ComputeResult> =>
      drive(world.clock, compute.changeIdentities(scaleSet, { add, remove }, signal));
    assert.deepEqual(namesOf(await change(ids, [])), ["reader"]);
    assert.deepEqual(namesOf(await change([], ids)), []);
  });

  it("are changed in turn on one machine", async (t) => {
    const { world, compute } = await startAccess(t);
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
    const { world, compute } = await startAccess(t, {
      operationDurationMs: 3_600_000,
      retryAfterSeconds: 45,
    });
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
    const { compute } = await startAccess(t);
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
      const { compute } = await startAccess(t);
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
    const { world, compute } = await startAccess(t);
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
    const { world, compute } = await startAccess(t, instant);
    await compute.getIdentities(vm.toUpperCase(), signal);
    assert.deepEqual(namesOf(await compute.changeIdentities(vm, change, signal)), ["reader", "writer"]);
    assert.deepEqual(calls(world), ["GET", "PATCH", "GET"]);
    const more = { add: [managed("auditor")], remove: [] };
    await compute.changeIdentities(vm, more, signal);
    assert.deepEqual(calls(world).slice(3), ["GET", "PATCH", "GET"]);
  });

  it("are read again after 10 s", async (t) => {
    const { world, compute } = await startAccess(t, instant);
    await compute.getIdentities(vm, signal);
    world.clock.advance(10_000);
    await compute.changeIdentities(vm, change, signal);
    assert.deepEqual(calls(world), ["GET", "GET", "PATCH", "GET"]);
  });

  it("are read again when nothing seems to be left to do", async (t) => {
    const { world, compute } = await startAccess(t, instant);
    await compute.getIdentities(vm, signal);
    assert.ok((await compute.changeIdentities(vm, { add: [managed("reader")], remove: [] }, signal)).ok);
    assert.deepEqual(calls(world), ["GET", "GET"]);
  });

  it("are not changed by what was so before somebody else changed the machine", async (t) => {
    const { world, compute } = await startAccess(t, instant);
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
    const { world, compute } = await startAccess(t, instant);
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
