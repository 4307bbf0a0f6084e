import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { type Compute, createCompute } from "../../../src/azure/compute.ts";
import type { Credential } from "../../../src/azure/credential.ts";
import { AzureError, type AzureErrorCode } from "../../../src/azure/errors.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, type Loopback, type Script, serveScript } from "./loopback.ts";
import { drive, managed, startMs, until, vm } from "./world.ts";

const cloud = findCloud("");
const signal = new AbortController().signal;
const change = { add: [managed("writer")], remove: [] };
const operation = "https://management.azure.com/subscriptions/s/operations/1?api-version=2026-04-01";
const accepted = json(202, {}, { "azure-asyncoperation": operation, "retry-after": "1" });
const credential: Credential = {
  getToken: async () => ({ token: "eyJ0.canary.sig", expiresOnTimestamp: startMs + 3_600_000 }),
};

interface Fixture {
  readonly clock: SimulatedClock;
  readonly compute: Compute;
  readonly arm: Loopback;
}

/** ARM that answers by method; polls are those of the operation URL. Reads show `reader`, then also `writer`. */
async function start(
  t: TestContext,
  script: { readonly get?: Script; readonly patch?: Script; readonly polls?: readonly Script[] },
  login: Credential = credential,
): Promise<Fixture> {
  const polls = [...(script.polls ?? [json(200, { status: "Succeeded" })])];
  let patched = false;
  const arm = await serveScript(t, ({ method, target }) => {
    if (method === "PATCH") {
      patched = true;
      return script.patch ?? accepted;
    }
    if (target.includes("/operations/")) return polls.shift() ?? "reset";
    return script.get ?? machine(patched ? ["reader", "writer"] : ["reader"]);
  });
  const clock = createSimulatedClock(startMs);
  const compute = createCompute({ clock, cloud, credential: login, endpoints: { armUrl: arm.url } });
  return { clock, compute, arm };
}

function machine(names: readonly string[]): Script {
  const userAssignedIdentities = Object.fromEntries(names.map((name) => [managed(name), {}]));
  return json(200, {
    location: "westeurope",
    etag: "1",
    identity: { type: "UserAssigned", userAssignedIdentities },
  });
}

function failingLogin(code: AzureErrorCode): Credential {
  return {
    getToken: async () => {
      throw new AzureError(code, "own credential: no");
    },
  };
}

function methods(arm: Loopback): readonly string[] {
  return arm.requests.map(({ method, target }) => (target.includes("/operations/") ? "poll" : method));
}

const armError = (code: string, message: string): object => ({ error: { code, message } });
const linked = `The client 'x' has permission, however it does not have permission to perform action on the linked scope(s) '${managed("writer")},${managed("auditor")}' or the linked scope(s) are invalid.`;

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
      ids: [managed("WRITER")],
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
    it(`mean ${kind}, and the PATCH is not repeated: ${name}`, async (t) => {
      const { compute, arm } = await start(t, { patch });
      const result = await compute.changeIdentities(vm, change, signal);
      assert.ok(!result.ok);
      const { failure } = result;
      assert.deepEqual(
        [failure.kind, failure.retryAfterSeconds, failure.identities],
        [kind, retryAfter, ids],
      );
      assert.deepEqual(methods(arm), ["GET", "PATCH"]);
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
    { name: "GET", script: { get: "hang" }, sent: ["GET"] },
    { name: "PATCH", script: { patch: "hang" }, sent: ["GET", "PATCH"] },
  ] as const;
  for (const { name, script, sent } of hangs) {
    it(`mean unavailable when a ${name} takes longer than a minute`, async (t) => {
      const { clock, compute, arm } = await start(t, script);
      const pending = compute.changeIdentities(vm, change, signal);
      await until(() => methods(arm).length === sent.length);
      clock.advance(60_000);
      const result = await pending;
      assert.ok(!result.ok);
      assert.equal(result.failure.detail, "ARM did not answer: no answer within 60 s");
      assert.deepEqual(methods(arm), sent);
    });
  }
});

describe("operations of ARM", () => {
  const running = json(200, { status: "InProgress" }, { "retry-after": "1" });
  const done = json(200, { status: "Succeeded" });

  it("are followed through throttling, faults and nonsense", async (t) => {
    const polls: readonly Script[] = [
      running,
      json(429, {}, { "retry-after": "30" }),
      json(503, {}),
      "reset",
      { status: 200, body: "<html>" },
      done,
    ];
    const { clock, compute, arm } = await start(t, { polls });
    const result = await drive(clock, compute.changeIdentities(vm, change, signal));
    assert.deepEqual(result, { ok: true, identities: [managed("reader"), managed("writer")] });
    assert.deepEqual(methods(arm), ["GET", "PATCH", ...polls.map(() => "poll"), "GET"]);
    assert.equal(clock.monotonicMs(), (1 + 1 + 30 + 2 + 2 + 2) * 1_000);
  });

  it("leave the answer to the machine when their URL is gone", async (t) => {
    const { clock, compute, arm } = await start(t, { polls: [running, json(404, {})] });
    const result = await drive(clock, compute.changeIdentities(vm, change, signal));
    assert.ok(result.ok);
    assert.deepEqual(methods(arm), ["GET", "PATCH", "poll", "poll", "GET"]);
  });

  const failures = [
    { code: "FailedIdentityOperation", kind: "refused", ids: [managed("writer")] },
    { code: "OperationNotAllowed", kind: "conflict", ids: [managed("writer")] },
    { code: "InternalExecutionError", kind: "unavailable", ids: [managed("writer")] },
  ] as const;
  for (const { code, kind, ids } of failures) {
    it(`fail late as ${kind}: ${code}`, async (t) => {
      const error = { code, message: `identity '${managed("writer")}'` };
      const { clock, compute } = await start(t, { polls: [running, json(200, { status: "Failed", error })] });
      const result = await drive(clock, compute.changeIdentities(vm, change, signal));
      assert.ok(!result.ok);
      assert.deepEqual([result.failure.kind, result.failure.identities], [kind, ids]);
      assert.match(result.failure.detail, new RegExp(`^ARM's operation failed with ${code}: `));
    });
  }

  it("that succeed without effect are told", async (t) => {
    const { clock, compute, arm } = await start(t, { get: machine(["reader"]) });
    const result = await drive(clock, compute.changeIdentities(vm, change, signal));
    assert.ok(!result.ok);
    assert.equal(result.failure.detail, "ARM accepted the change but the machine does not show it");
    assert.deepEqual(methods(arm), ["GET", "PATCH", "poll", "GET"]);
  });

  it("elsewhere than at ARM get no token: the machine is read instead", async (t) => {
    const elsewhere = await serveScript(t, () => done);
    const patch = json(202, {}, { "azure-asyncoperation": `${elsewhere.url}/operations/1` });
    const { compute, arm } = await start(t, { patch });
    assert.ok((await compute.changeIdentities(vm, change, signal)).ok);
    assert.deepEqual(methods(arm), ["GET", "PATCH", "GET"]);
    assert.deepEqual(elsewhere.requests, []);
  });

  const delays = [
    { name: "2 s when ARM names no delay", headers: {}, waitedMs: 2_000 },
    { name: "what ARM names", headers: { "retry-after": "7" }, waitedMs: 7_000 },
    { name: "no less than 1 s", headers: { "retry-after": "0" }, waitedMs: 1_000 },
  ];
  for (const { name, headers, waitedMs } of delays) {
    it(`are asked after ${name}`, async (t) => {
      const patch = json(202, {}, { "azure-asyncoperation": operation, ...headers });
      const { clock, compute } = await start(t, { patch });
      assert.ok((await drive(clock, compute.changeIdentities(vm, change, signal))).ok);
      assert.equal(clock.monotonicMs(), waitedMs);
    });
  }
});

describe("podid's login at ARM", () => {
  const rows: readonly { readonly code: AzureErrorCode; readonly kind: string }[] = [
    { code: "login-refused", kind: "forbidden" },
    { code: "login-unavailable", kind: "unavailable" },
  ];
  for (const { code, kind } of rows) {
    it(`that fails as ${code} means ${kind}, and nothing is sent`, async (t) => {
      const { compute, arm } = await start(t, {}, failingLogin(code));
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
    const { compute, arm } = await start(t, {}, { getToken });
    await compute.getIdentities(vm, signal);
    await compute.getIdentities(vm, signal);
    assert.deepEqual(scopes.flat(), [cloud.armScope, cloud.armScope]);
    assert.equal(arm.requests[0]?.headers.authorization, "Bearer eyJ0.canary.sig");
  });
});
