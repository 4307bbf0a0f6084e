import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { change, machine, methods, operation, signal, start } from "./arm-script.ts";
import { json, type Script, serveScript } from "./loopback.ts";
import { drive, managed, vm } from "./world.ts";

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
    { code: "FailedIdentityOperation", kind: "refused" },
    { code: "InternalExecutionError", kind: "unavailable" },
  ] as const;
  for (const { code, kind } of failures) {
    it(`fail late as ${kind}, and the machine is read: ${code}`, async (t) => {
      const error = { code, message: `identity '${managed("writer")}'` };
      const polls = [running, json(200, { status: "Failed", error })];
      const { clock, compute, arm } = await start(t, { polls, after: ["reader", "auditor"] });
      const result = await drive(clock, compute.changeIdentities(vm, change, signal));
      assert.ok(!result.ok);
      assert.deepEqual([result.failure.kind, result.failure.identities], [kind, [managed("writer")]]);
      assert.deepEqual(result.identities, [managed("reader"), managed("auditor")]);
      assert.deepEqual(methods(arm), ["GET", "PATCH", "poll", "poll", "GET"]);
      assert.match(result.failure.detail, new RegExp(`^ARM's operation failed with ${code}: `));
    });
  }

  it("that end in a conflict are waited out and sent again", async (t) => {
    const error = { code: "OperationNotAllowed", message: "another update was faster" };
    const polls = [json(200, { status: "Failed", error }), done];
    const { clock, compute, arm } = await start(t, { polls, after: ["reader"] });
    const result = await drive(clock, compute.changeIdentities(vm, change, signal));
    assert.ok(!result.ok, "the script's machine never shows the change");
    assert.deepEqual(methods(arm), ["GET", "PATCH", "poll", "GET", "PATCH", "poll", "GET"]);
  });

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
    const { compute, arm } = await start(t, { patches: [patch] });
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
      const { clock, compute } = await start(t, { patches: [patch] });
      assert.ok((await drive(clock, compute.changeIdentities(vm, change, signal))).ok);
      assert.equal(clock.monotonicMs(), waitedMs);
    });
  }
});
