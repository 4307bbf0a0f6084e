import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { followServedAdmission } from "../../../src/kubernetes/served-admission-watch.ts";
import type { Vouching } from "../../../src/kubernetes/served-admission.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { at, edit, installed, installedAt, type Served } from "./admission-scene.ts";
import { bookmark, createScriptedApi, type ScriptedWatch } from "./scripted-api.ts";

const name = "podid-grant-request";
const nowMs = at("2026-06-14T18:00:00Z");

function one(kind: string): Served {
  const found = installed.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found);
  return found;
}
const policy = one("ValidatingAdmissionPolicy");
const conditions = { matchConditions: [{ name: "no", expression: "false" }] };

function changed(object: Served, version: number, metadata: object, spec: object = {}): Served {
  const resourceVersion = String(10 + version);
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion, generation: version, ...metadata },
    spec: { ...object.spec, ...spec },
  };
}

async function follow(t: TestContext) {
  const script = createScriptedApi();
  const clock = createSimulatedClock(nowMs);
  const heard: Vouching[] = [];
  const followed = followServedAdmission({
    api: { ...script.api, clockSkewMs: () => 2_000 },
    clock,
    log: createSilentLog(),
    random: () => 0,
    shipped: installed.map(({ kind, metadata, spec }) => ({ kind, name: metadata.name, spec })),
    onChange: (vouching) => heard.push(vouching),
  });
  t.after(() => followed.close());
  await script.settle();
  const watchOf = (suffix: string): ScriptedWatch => {
    const watch = script.watches.findLast(({ path }) => path.endsWith(suffix));
    assert.ok(watch);
    return watch;
  };
  const send = async (type: string, object: Served): Promise<void> => {
    const watch = watchOf(object.kind.endsWith("Binding") ? "bindings" : "policies");
    watch.line(JSON.stringify({ type, object }));
    await script.settle();
  };
  const begin = async (suffix: string): Promise<void> => {
    const watch = watchOf(suffix);
    watch.open();
    for (const object of installed) {
      if (object.kind.endsWith("Binding") === (suffix === "bindings")) {
        watch.line(JSON.stringify({ type: "ADDED", object }));
      }
    }
    watch.line(bookmark("10", { endsInitialEvents: true }));
    await script.settle();
  };
  const isSynced = async (): Promise<boolean> => {
    const later = Symbol("later");
    return (await Promise.race([followed.synced, Promise.resolve(later)])) !== later;
  };
  return { script, clock, heard, send, begin, isSynced, watchOf };
}

const since = (time: string): Vouching => ({ inForce: true, afterMs: at(time) });
const fault = `ValidatingAdmissionPolicy ${name}: spec.matchConditions is [{"name":"no","expression":"false"}] instead of absent`;

describe("following the admission policies", () => {
  it("says nothing before both policies and bindings were read, then all at once", async (t) => {
    const { heard, begin, isSynced } = await follow(t);
    await begin("policies");
    assert.deepEqual(heard, []);
    assert.equal(await isSynced(), false);
    await begin("bindings");
    assert.deepEqual(heard, [since("2026-06-14T12:00:10Z")]);
    assert.equal(await isSynced(), true);
  });

  it("tries a failed first look again within seconds", async (t) => {
    const { script, clock, heard, begin, watchOf } = await follow(t);
    await begin("policies");
    watchOf("bindings").fail(new KubernetesError("Unreachable", "connection refused"));
    await script.settle();
    clock.advance(5_000);
    await script.settle();
    await begin("bindings");
    assert.equal(heard.length, 1);
  });

  it("tells at once that a policy has gone, and what may be believed when it is back", async (t) => {
    const { heard, begin, send } = await follow(t);
    await begin("policies");
    await begin("bindings");
    await send("DELETED", policy);
    assert.deepEqual(heard.slice(1), [
      { inForce: false, faults: [`ValidatingAdmissionPolicy ${name}: the cluster has none`] },
    ]);
    const creationTimestamp = "2026-06-14T17:00:00Z";
    await send("ADDED", changed(policy, 1, { uid: "another", resourceVersion: "19", creationTimestamp }));
    assert.deepEqual(heard.slice(2), [since("2026-06-14T17:00:10Z")]);
  });

  it("remembers a change that its undoing leaves no trace of, by the server's clock", async (t) => {
    const { heard, begin, send } = await follow(t);
    await begin("policies");
    await begin("bindings");
    const managedFields = [edit(installedAt), edit("2026-06-14T17:30:00Z")];
    await send("MODIFIED", changed(policy, 2, { managedFields }, conditions));
    await send("MODIFIED", changed(policy, 3, { managedFields: [edit(installedAt)] }));
    assert.deepEqual(heard.slice(1), [{ inForce: false, faults: [fault] }, since("2026-06-14T18:00:12Z")]);
  });

  it("needs no memory for a change that the objects tell of, nor for one that is none", async (t) => {
    const { heard, begin, send } = await follow(t);
    await begin("policies");
    await begin("bindings");
    await send("MODIFIED", changed(policy, 2, { managedFields: [edit("2026-06-14T17:30:00Z")] }));
    assert.deepEqual(heard.slice(1), [since("2026-06-14T17:30:10Z")]);
    await send(
      "MODIFIED",
      changed(policy, 2, { resourceVersion: "20", managedFields: [edit("2026-06-14T17:30:00Z")] }),
    );
    assert.equal(heard.length, 2);
  });
});
