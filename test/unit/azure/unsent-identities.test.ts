import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { createCompute } from "../../../src/azure/compute.ts";
import { AzureError } from "../../../src/azure/errors.ts";
import { accessTo, namesOf, startAccess } from "./compute-access.ts";
import { managed, scaleSet, until, vm, type World } from "./world.ts";

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

  it("are unsent still when there is no login, and nobody waits longer for it than they want", async (t) => {
    const { world } = await startAccess(t, instant);
    const { promise: token, reject } = Promise.withResolvers<never>();
    let logins = 0;
    const getToken = (): Promise<never> => {
      logins += 1;
      return token;
    };
    const { clock, authorityUrl, armUrl } = world;
    const endpoints = { authorityUrl, armUrl };
    const compute = createCompute({ clock, cloud: findCloud(""), credential: { getToken }, endpoints });
    const caller = new AbortController();
    const given = compute.getIdentities(vm, caller.signal);
    await until(() => logins === 1);
    caller.abort(new Error("too late"));
    const late = await given;
    assert.ok(!late.ok && /too late/.test(late.failure.detail));
    const change = compute.changeIdentities(vm, request, signal);
    await until(() => logins === 2);
    reject(new AzureError("login-unavailable", "Entra does not answer"));
    const result = await change;
    assert.deepEqual([result.ok, result.unsent], [false, request.unsent]);
  });
});
