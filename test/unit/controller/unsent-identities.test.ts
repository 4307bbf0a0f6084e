import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type ChangeIdentities, createIdentityChanger } from "../../../src/controller/change-identities.ts";
import { makeObject } from "../../../src/controller/make-object.ts";
import type { Compute, ComputeResult } from "../../../src/controller/ports.ts";
import { prepareChange } from "../../../src/controller/prepare-change.ts";
import { createQuarantine, type Quarantine } from "../../../src/controller/quarantine.ts";
import { createUnsentIdentities, type UnsentIdentities } from "../../../src/controller/unsent-identities.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createFakeCluster, createFakeCompute } from "./fakes.ts";
import { identityId, makeAssigned, makeIdentity, makePod, vmId } from "./objects.ts";
import { toInput, want, web0 } from "./situations.ts";

it("identities are unsent until ARM is asked for them, on their target alone", () => {
  const unsent = createUnsentIdentities();
  const [one, other] = [identityId("reader"), identityId("writer")];
  unsent.add(vmId("vm-0"), one, "default/web-0");
  unsent.add(vmId("vm-0"), other, "default/web-1");
  unsent.add(vmId("vm-1"), one, "default/web-2");
  assert.equal(unsent.objectOf(vmId("VM-0"), one.toUpperCase()), "default/web-0");
  assert.ok(!unsent.has(vmId("vm-1"), other));
  unsent.drop(vmId("Vm-0"), [one.toLowerCase(), identityId("unknown")]);
  assert.ok(!unsent.has(vmId("vm-0"), one));
  assert.ok(unsent.has(vmId("vm-0"), other) && unsent.has(vmId("vm-1"), one));
  unsent.forget(vmId("vm-0"));
  assert.ok(!unsent.has(vmId("vm-0"), other) && unsent.has(vmId("vm-1"), one));
});

const target = vmId("vm-0");
const reader = identityId("reader");

interface Fixture {
  readonly unsent: UnsentIdentities;
  readonly quarantine: Quarantine;
  readonly asked: readonly object[];
  readonly change: ChangeIdentities;
}

/** ARM answers `result` to whatever it is asked. */
function start(result: ComputeResult): Fixture {
  const asked: object[] = [];
  const clock = createSimulatedClock(0);
  const quarantine = createQuarantine({ clock, onFree: () => undefined, onChange: () => undefined });
  const unsent = createUnsentIdentities();
  unsent.add(target, reader, "default/web-0");
  const changeIdentities: Compute["changeIdentities"] = async (_, request) => {
    asked.push(request);
    return result;
  };
  const compute = { changeIdentities, getIdentities: async () => result };
  return { unsent, quarantine, asked, change: createIdentityChanger(compute, quarantine, unsent) };
}

describe("what podid has never asked ARM for", () => {
  const { signal } = new AbortController();

  it("is not removed, and stays unsent", async () => {
    const { unsent, asked, change } = start({ ok: true, identities: [] });
    const { failures } = await change(target, { add: [], remove: [reader] }, signal);
    assert.deepEqual([asked, failures.size, unsent.has(target, reader)], [[], 0, true]);
  });

  it("is unsent still while it is held back", async () => {
    const { unsent, quarantine, asked, change } = start({ ok: true, identities: [] });
    quarantine.refuse({ target: vmId("vm-1"), verb: "add", id: reader.toLowerCase() }, "no", true);
    const { failures } = await change(target, { add: [reader], remove: [] }, signal);
    assert.deepEqual([asked, failures.size, unsent.has(target, reader)], [[], 1, true]);
  });

  it("is named to ARM, and asked for when ARM does not say that it was not", async () => {
    const { unsent, asked, change } = start({ ok: true, identities: [reader] });
    assert.equal((await change(target, { add: [reader], remove: [] }, signal)).found.size, 0);
    assert.deepEqual(asked, [{ add: [reader], remove: [], unsent: [reader] }]);
    assert.ok(!unsent.has(target, reader));
  });

  it("is told where somebody else has put it, as long as it was not asked for", async () => {
    const { unsent, change } = start({ ok: true, identities: [reader], found: [reader], unsent: [reader] });
    const { found } = await change(target, { add: [reader], remove: [] }, signal);
    assert.deepEqual([...found], [reader.toLowerCase()]);
    assert.ok(unsent.has(target, reader));
    const sent = start({ ok: true, identities: [reader], found: [reader], unsent: [] });
    assert.equal((await sent.change(target, { add: [reader], remove: [] }, signal)).found.size, 0);
  });
});

it("what its owner has taken off before the last look is not found", async () => {
  const other = identityId("other");
  const answers: ComputeResult[] = [
    {
      ok: false,
      failure: { kind: "refused", retryAfterSeconds: null, identities: [other], detail: "no" },
      identities: [reader],
      found: [reader],
      unsent: [reader],
    },
    { ok: true, identities: [], found: [], unsent: [reader] },
  ];
  const { unsent, quarantine } = start({ ok: true, identities: [] });
  const changeIdentities = async (): Promise<ComputeResult> =>
    answers.shift() ?? { ok: true, identities: [], found: [], unsent: [reader] };
  const compute = { ...createFakeCompute(), changeIdentities };
  const change = createIdentityChanger(compute, quarantine, unsent);
  const writer = identityId("writer");
  const added = { add: [reader, other, writer], remove: [] };
  assert.deepEqual([...(await change(target, added, new AbortController().signal)).found], []);
});

describe("an object that was made ahead", () => {
  it("stands though the watch does not show it, and only that very one", async () => {
    const unsent = createUnsentIdentities();
    const made = makeAssigned(makePod("web-0"), makeIdentity("reader"), {
      annotations: { "podid.dev/target": vmId("vm-0") },
    });
    const id = identityId("reader").toLowerCase();
    const cluster = createFakeCluster();
    const parts = { cluster, unsent };
    await makeObject(parts, made, id);
    cluster.createAssignedIdentity = async () => {
      throw Object.assign(new Error("is there already"), { code: "AlreadyExists" });
    };
    await makeObject(parts, made, id);
    await assert.rejects(makeObject(parts, { ...made, name: "other" }, id), /is there already/);
    await assert.rejects(makeObject(parts, made, null), /is there already/);
    unsent.drop(vmId("vm-0"), [id]);
    await assert.rejects(makeObject(parts, made, id), /is there already/);
  });
});

/** ARM does not answer until it is given up. */
const neverRead: Compute["getIdentities"] = (_, bounded) =>
  new Promise((resolve) => {
    const failure = {
      kind: "unavailable",
      retryAfterSeconds: null,
      identities: [],
      detail: "late",
    } as const;
    bounded.addEventListener("abort", () => resolve({ ok: false, failure }));
  });

describe("preparing a change", () => {
  it("waits for ARM no longer than the change would", async () => {
    const clock = createSimulatedClock(0);
    const cluster = createFakeCluster();
    const parts = {
      clock,
      cluster,
      compute: { ...createFakeCompute(), getIdentities: neverRead },
      unsent: createUnsentIdentities(),
      log: createSilentLog(),
      signal: new AbortController().signal,
    };
    const ids = new Set([identityId("reader").toLowerCase()]);
    const ended = prepareChange(parts, toInput({ wanted: [want(web0)] }), { ids, limitMs: 600 });
    clock.advance(600);
    await ended;
    assert.deepEqual(cluster.list("AzureAssignedIdentity"), []);
  });
});
