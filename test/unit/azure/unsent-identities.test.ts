import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AzureError } from "../../../src/azure/errors.ts";
import { accessTo, namesOf, startAccess } from "./compute-access.ts";
import { managed, scaleSet, vm, type World } from "./world.ts";

const signal = new AbortController().signal;

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
    const { world, compute } = await startAccess(t, instant);
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
      const { world, compute } = await startAccess(t, instant);
      await compute.getIdentities(vm, signal);
      await putOn(world, "auditor");
      refusePatch(world, status);
      const result = await compute.changeIdentities(vm, request, signal);
      assert.ok(!result.ok);
      assert.deepEqual([result.found, result.unsent], [[managed("Auditor")], request.unsent]);
    });
  }

  it("are nobody's to tell after a request that may have done something", async (t) => {
    const { world, compute } = await startAccess(t, instant);
    await compute.getIdentities(vm, signal);
    refusePatch(world, 503);
    const result = await compute.changeIdentities(vm, request, signal);
    assert.deepEqual([result.ok, result.found, result.unsent], [false, [], []]);
  });

  it("are ours when nobody else was there", async (t) => {
    const { compute } = await startAccess(t, instant);
    const result = await compute.changeIdentities(scaleSet, request, signal);
    assert.deepEqual(namesOf(result), ["Auditor", "writer"]);
    assert.deepEqual([result.found, result.unsent], [[], []]);
  });

  it("are unsent still when the machine cannot be read", async (t) => {
    const { world, compute } = await startAccess(t, instant);
    const answer = { kind: "answer", status: 503, code: "ServiceUnavailable", message: "later" } as const;
    world.emulator.addArmFault({ match: { method: "GET" }, count: 1, action: answer });
    const result = await compute.changeIdentities(vm, request, signal);
    assert.deepEqual([result.ok, result.unsent], [false, request.unsent]);
  });

  it("are unsent still when there is no login for the PATCH", async (t) => {
    const { world } = await startAccess(t, instant);
    let isRefused = false;
    const compute = accessTo(world, (own) => ({
      getToken: async (scopes) => {
        if (isRefused) throw new AzureError("login-unavailable", "Entra does not answer");
        return own.getToken(scopes);
      },
    }));
    await compute.getIdentities(vm, signal);
    isRefused = true;
    const result = await compute.changeIdentities(vm, request, signal);
    assert.deepEqual([result.ok, result.unsent], [false, request.unsent]);
    isRefused = false;
    await putOn(world, "auditor");
    const next = await compute.changeIdentities(vm, request, signal);
    assert.deepEqual(next.found, [managed("Auditor")]);
  });

  it("nobody waits longer for a login than they want", async (t) => {
    const { world } = await startAccess(t, instant);
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const compute = accessTo(world, () => ({
      getToken: () => {
        begin();
        return new Promise<never>(() => undefined);
      },
    }));
    const caller = new AbortController();
    const reading = compute.getIdentities(vm, caller.signal);
    await begun;
    caller.abort(new Error("too late"));
    const result = await reading;
    assert.ok(!result.ok);
    assert.match(result.failure.detail, /too late/);
  });
});
