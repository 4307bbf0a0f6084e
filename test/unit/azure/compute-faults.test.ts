import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { CloudOperation } from "../../../src/azure/compute-operations.ts";
import type { Credential } from "../../../src/azure/credential.ts";
import { AzureError, type AzureErrorCode } from "../../../src/azure/errors.ts";
import { accepted, armError, change, cloud, machine, methods, signal, start } from "./arm-script.ts";
import { json } from "./loopback.ts";
import { drive, managed, scaleSet, startMs, until, vm } from "./world.ts";

function failingLogin(code: AzureErrorCode): Credential {
  return {
    getToken: async () => {
      throw new AzureError(code, "own credential: no");
    },
  };
}

const linked = `The client 'x' has permission, however it does not have permission to perform action on the linked scope(s) '${managed("writer")},${managed("auditor")}' or the linked scope(s) are invalid.`;

/** What is sent before a change fails: a conflict is waited out five times, an unknown outcome is read. */
const sentUntil = {
  notFound: ["GET", "PATCH"],
  conflict: ["GET", ...Array.from({ length: 5 }).flatMap(() => ["PATCH", "GET"]), "PATCH"],
  throttled: ["GET", "PATCH"],
  refused: ["GET", "PATCH"],
  forbidden: ["GET", "PATCH"],
  unavailable: ["GET", "PATCH", "GET"],
};

describe("errors of ARM", () => {
  const rows = [
    {
      name: "404",
      patch: json(404, armError("ResourceNotFound", "gone")),
      kind: "notFound",
      retryAfter: null,
      ids: [],
    },
    {
      name: "409",
      patch: json(409, armError("Conflict", "busy")),
      kind: "conflict",
      retryAfter: null,
      ids: [],
    },
    {
      name: "412",
      patch: json(412, armError("PreconditionFailed", "etag")),
      kind: "conflict",
      retryAfter: null,
      ids: [],
    },
    {
      name: "429",
      patch: json(429, armError("TooManyRequests", "slow"), { "retry-after": "300" }),
      kind: "throttled",
      retryAfter: 300,
      ids: [],
    },
    {
      name: "403 with linked scopes",
      patch: json(403, armError("LinkedAuthorizationFailed", linked)),
      kind: "refused",
      retryAfter: null,
      ids: [managed("writer"), managed("auditor")],
    },
    {
      name: "403 on the machine itself",
      patch: json(403, armError("AuthorizationFailed", "no role")),
      kind: "forbidden",
      retryAfter: null,
      ids: [],
    },
    {
      name: "400 with a deleted identity",
      patch: json(
        400,
        armError(
          "FailedIdentityOperation",
          `Resource '${managed("writer")}' was not found. '${managed("WRITER")}'`,
        ),
      ),
      kind: "refused",
      retryAfter: null,
      ids: [managed("writer")],
    },
    {
      name: "401",
      patch: json(401, armError("InvalidAuthenticationToken", "eyJ0.canary.sig")),
      kind: "forbidden",
      retryAfter: null,
      ids: [],
    },
    {
      name: "503",
      patch: json(503, armError("ServiceUnavailable", "x"), { "retry-after": "3" }),
      kind: "unavailable",
      retryAfter: 3,
      ids: [],
    },
    {
      name: "HTML with 502",
      patch: { status: 502, body: "<html>eyJ0.canary.sig" },
      kind: "unavailable",
      retryAfter: null,
      ids: [],
    },
    { name: "a reset", patch: "reset", kind: "unavailable", retryAfter: null, ids: [] },
  ] as const;
  for (const { name, patch, kind, retryAfter, ids } of rows) {
    it(`mean ${kind}, and the PATCH is not repeated unread: ${name}`, async (t) => {
      const { clock, compute, arm } = await start(t, { patches: [patch] });
      const result = await drive(clock, compute.changeIdentities(vm, change, signal));
      assert.ok(!result.ok);
      const { failure } = result;
      assert.deepEqual(
        [failure.kind, failure.retryAfterSeconds, failure.identities],
        [kind, retryAfter, ids],
      );
      assert.deepEqual(methods(arm), sentUntil[kind]);
      assert.doesNotMatch(JSON.stringify(result), /canary/);
    });
  }

  it("show code and text", async (t) => {
    const { compute } = await start(t, { get: json(403, armError("AuthorizationFailed", "no role")) });
    const result = await compute.getIdentities(vm, signal);
    assert.ok(!result.ok);
    assert.equal(result.failure.detail, "ARM answered 403 AuthorizationFailed: no role");
  });

  const hangs = [
    { name: "GET", script: { get: "hang" }, hanging: 1, sent: ["GET"] },
    { name: "PATCH", script: { patches: ["hang"] }, hanging: 2, sent: ["GET", "PATCH", "GET"] },
  ] as const;
  for (const { name, script, hanging, sent } of hangs) {
    it(`mean unavailable when a ${name} takes longer than a minute`, async (t) => {
      const { clock, compute, arm } = await start(t, script);
      const pending = compute.changeIdentities(vm, change, signal);
      await until(() => methods(arm).length === hanging);
      clock.advance(60_000);
      const result = await pending;
      assert.ok(!result.ok);
      assert.equal(result.failure.detail, "ARM did not answer: no answer within 60 s");
      assert.deepEqual(methods(arm), sent);
    });
  }
});

describe("a conflict", () => {
  const conflicts = [
    json(409, armError("Conflict", "another update runs")),
    json(412, armError("PreconditionFailed", "the etag is another")),
    json(409, armError("OperationNotAllowed", "busy"), { "retry-after": "9" }),
    accepted,
  ];

  it("is waited out ever longer, or as long as ARM says, and the machine is read before each try", async (t) => {
    const { clock, compute, arm } = await start(t, { patches: conflicts }, { random: () => 0 });
    assert.ok((await drive(clock, compute.changeIdentities(vm, change, signal))).ok);
    assert.deepEqual(methods(arm), [
      "GET",
      ...conflicts.slice(1).flatMap(() => ["PATCH", "GET"]),
      "PATCH",
      "poll",
      "GET",
    ]);
    assert.equal(clock.monotonicMs(), (1 + 2 + 9 + 1) * 1000);
  });

  it("that is to last longer than 20 s is for the caller to come back to", async (t) => {
    const patches = [json(409, armError("Conflict", "busy"), { "retry-after": "21" })];
    const { compute, arm } = await start(t, { patches });
    const result = await compute.changeIdentities(vm, change, signal);
    assert.ok(!result.ok);
    assert.deepEqual([result.failure.kind, result.failure.retryAfterSeconds], ["conflict", 21]);
    assert.deepEqual(methods(arm), ["GET", "PATCH"]);
  });
});

describe("a machine that Azure is deleting", () => {
  it("is not asked to change, whatever is wanted of it", async (t) => {
    const get = machine(["reader"], { properties: { provisioningState: "Deleting" } });
    const { compute, arm } = await start(t, { get });
    for (const wanted of [change, { add: [], remove: [managed("reader")] }]) {
      const result = await compute.changeIdentities(vm, wanted, signal);
      assert.ok(!result.ok);
      assert.deepEqual([result.failure.kind, result.failure.retryAfterSeconds], ["deleting", 30]);
      assert.deepEqual(result.identities, [managed("reader")]);
    }
    assert.deepEqual(methods(arm), ["GET", "GET"]);
  });

  it("needs no change when all is as wanted", async (t) => {
    const get = machine(["reader"], { properties: { provisioningState: "Deleting" } });
    const { compute } = await start(t, { get });
    assert.ok((await compute.changeIdentities(vm, { add: [managed("reader")], remove: [] }, signal)).ok);
  });
});

describe("a controller that does not lead any more", () => {
  it("reads and sends nothing", async (t) => {
    const { compute, arm } = await start(t, {}, { mayWrite: () => false });
    const result = await compute.changeIdentities(vm, change, signal);
    assert.ok(!result.ok);
    assert.equal(result.failure.kind, "unavailable");
    assert.deepEqual(methods(arm), ["GET"]);
  });
});

describe("uses of ARM", () => {
  it("are told with their kind, outcome and time, but for what was never sent", async (t) => {
    const told: CloudOperation[] = [];
    const patches = [accepted, json(429, armError("TooManyRequests", "slow"), { "retry-after": "60" })];
    const onOperation = (operation: CloudOperation): number => told.push(operation);
    const { clock, compute } = await start(t, { patches }, { onOperation });
    assert.ok((await drive(clock, compute.changeIdentities(vm, change, signal))).ok);
    const more = { add: [managed("auditor")], remove: [] };
    await compute.changeIdentities(scaleSet, more, signal);
    await compute.changeIdentities(scaleSet, more, signal);
    assert.deepEqual(told, [
      { type: "vm_get", ok: true, durationMs: 0 },
      { type: "vm_update", ok: true, durationMs: 1000 },
      { type: "vm_get", ok: true, durationMs: 0 },
      { type: "vmss_get", ok: true, durationMs: 0 },
      { type: "vmss_update", ok: false, durationMs: 0 },
      { type: "vmss_get", ok: true, durationMs: 0 },
    ]);
  });
});

describe("podid's login at ARM", () => {
  const rows: readonly { readonly code: AzureErrorCode; readonly kind: string }[] = [
    { code: "login-refused", kind: "forbidden" },
    { code: "login-unavailable", kind: "unavailable" },
  ];
  for (const { code, kind } of rows) {
    it(`that fails as ${code} means ${kind}, and nothing is sent`, async (t) => {
      const { compute, arm } = await start(t, {}, { credential: failingLogin(code) });
      const result = await compute.getIdentities(vm, signal);
      assert.ok(!result.ok);
      assert.equal(result.failure.kind, kind);
      assert.match(result.failure.detail, /own credential: no$/);
      assert.deepEqual(arm.requests, []);
    });
  }

  it("is asked for each request, since the token's life follows podid's clock", async (t) => {
    const scopes: (string | string[])[] = [];
    const getToken: Credential["getToken"] = async (asked) => {
      scopes.push(asked);
      return { token: "eyJ0.canary.sig", expiresOnTimestamp: startMs + 3_600_000 };
    };
    const { compute, arm } = await start(t, {}, { credential: { getToken } });
    await compute.getIdentities(vm, signal);
    await compute.getIdentities(vm, signal);
    assert.deepEqual(scopes.flat(), [cloud.armScope, cloud.armScope]);
    assert.equal(arm.requests[0]?.headers.authorization, "Bearer eyJ0.canary.sig");
  });
});
