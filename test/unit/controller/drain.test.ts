import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { drain, type Leftover } from "../../../src/controller/drain.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { crashAt, neverCrash } from "./fakes.ts";
import {
  identityId,
  makeAssigned,
  makeBinding,
  makeIdentity,
  makePod,
  scaleSetId,
  scaleSetNode,
  vmId,
} from "./objects.ts";
import { createWorld, startController, type World } from "./world.ts";

const minute = 60_000;

function startDrain(world: World, signal: AbortSignal): Promise<readonly Leftover[]> {
  const { clock, cluster, compute } = world;
  const log = createSilentLog();
  return drain({ clock, log, cluster, compute, namespaced: false, random: () => 0 }, signal);
}

/** Lets time pass until the drain ends by itself. */
async function runDrain(world: World): Promise<readonly Leftover[]> {
  const stopping = new AbortController();
  const ended = new AbortController();
  const draining = startDrain(world, stopping.signal).finally(() => ended.abort());
  for (let second = 0; second < 600 && !ended.signal.aborted; second += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    world.clock.advance(1000);
  }
  stopping.abort();
  return draining;
}

/** Two pods on a VM share an identity, one on a scale set has another, and one needs no VM. */
async function populate(world: World): Promise<void> {
  const { cluster } = world;
  cluster.put("Node", scaleSetNode("set-0", "set", 0));
  for (const name of ["writer", "secret"]) {
    const spec = name === "secret" ? { type: 1, resourceID: "" } : {};
    cluster.put("AzureIdentity", makeIdentity(name, { spec }));
    world.bind(makeBinding(name, { selector: name }));
  }
  world.bind(makeBinding("reader"));
  cluster.put("Pod", makePod("web-0"));
  cluster.put("Pod", makePod("web-1"));
  cluster.put("Pod", makePod("batch-0", { node: "set-0", labels: { aadpodidbinding: "writer" } }));
  cluster.put("Pod", makePod("legacy-0", { labels: { aadpodidbinding: "secret" } }));
  const controller = world.createController();
  controller.start();
  await controller.settled();
  await controller.close();
  assert.equal(world.objects().length, 4);
}

function idsOn(world: World, target: string): readonly string[] {
  return [...(world.compute.machines.get(target.toLowerCase()) ?? [])].toSorted();
}

describe("leaving", () => {
  it("takes every assignment and every object away, though pods and bindings stay", async () => {
    const world = createWorld("2026-06-14T12:00:00Z");
    await populate(world);
    assert.deepEqual(await runDrain(world), []);
    assert.deepEqual(world.objects(), []);
    assert.deepEqual([idsOn(world, vmId("vm-0")), idsOn(world, scaleSetId("set"))], [[], []]);
    assert.equal(world.cluster.list("Pod").length, 4);
    assert.equal(world.compute.journal.filter((line) => line.startsWith("-")).length, 2, "a PATCH each");
  });

  it("does nothing, and says so, where nothing is assigned", async () => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    assert.deepEqual(await runDrain(world), []);
    assert.deepEqual(world.compute.calls, []);
  });

  it("leaves on the VM what was there before podid, and what nobody answers for", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    const before = new Set([identityId("reader").toLowerCase(), identityId("foreign").toLowerCase()]);
    world.compute.machines.set(vmId("vm-0").toLowerCase(), before);
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    await (await startController(t, world)).close();
    assert.deepEqual(await runDrain(world), []);
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(world.onVm(), ["reader", "foreign"]);
  });

  it("removes objects whose node, pod, identity and binding are gone, and those of aad-pod-identity", async () => {
    const world = createWorld("2026-06-14T12:00:00Z");
    const { cluster, compute } = world;
    const left = makeAssigned(makePod("web-9"), makeIdentity("reader"), { status: { status: "Assigned" } });
    cluster.put("AzureAssignedIdentity", { ...left, annotations: {} });
    compute.machines.set(vmId("vm-0").toLowerCase(), new Set([identityId("reader").toLowerCase()]));
    const onLostNode = makeAssigned(makePod("web-8", { node: "gone" }), makeIdentity("lost"));
    cluster.put("AzureAssignedIdentity", onLostNode);
    const bare = makeAssigned(makePod("web-7"), makeIdentity("bare"), { status: { status: "" } });
    cluster.put("AzureAssignedIdentity", {
      ...bare,
      spec: { ...bare.spec, azureIdentityRef: null, azureBindingRef: null },
    });
    assert.deepEqual(await runDrain(world), []);
    assert.deepEqual([world.objects(), world.onVm()], [[], []]);
  });

  it("tries again what ARM does not do at once", async () => {
    const world = createWorld("2026-06-14T12:00:00Z");
    await populate(world);
    const downUntilMs = world.clock.monotonicMs() + 3 * minute;
    world.compute.failWith = () =>
      world.clock.monotonicMs() >= downUntilMs
        ? null
        : { kind: "unavailable", retryAfterSeconds: null, identities: [], detail: "503" };
    assert.deepEqual(await runDrain(world), []);
    assert.deepEqual([world.objects(), world.onVm()], [[], []]);
  });

  it("says what it could not remove, and why", async () => {
    const world = createWorld("2026-06-14T12:00:00Z");
    await populate(world);
    world.compute.failWith = (target, ids) =>
      target === vmId("vm-0") && ids.length > 0
        ? { kind: "forbidden", retryAfterSeconds: null, identities: [], detail: "no role on this VM" }
        : null;
    const why = `${vmId("vm-0")}: forbidden: no role on this VM`;
    assert.deepEqual(await runDrain(world), [
      { key: "default/web-0-shop-reader", why },
      { key: "default/web-1-shop-reader", why },
    ]);
    assert.deepEqual(world.onVm(), ["reader"]);
    world.compute.failWith = () => null;
    assert.deepEqual(await runDrain(world), [], "the next run goes on from there");
    assert.deepEqual([world.objects(), world.onVm()], [[], []]);
  });

  it("keeps what is on a VM that its Node does not name for now, and says where that is", async () => {
    const world = createWorld("2026-06-14T12:00:00Z");
    await populate(world);
    world.cluster.put("Node", { name: "vm-0", providerID: "" });
    const why = `spec.providerID of Node vm-0 names no Azure VM or scale set: take it off ${vmId("vm-0")} yourself, or mend or delete the Node`;
    assert.deepEqual(await runDrain(world), [
      { key: "default/web-0-shop-reader", why },
      { key: "default/web-1-shop-reader", why },
    ]);
    world.cluster.remove("Node", "vm-0");
    assert.deepEqual(await runDrain(world), []);
    assert.deepEqual([world.objects(), world.onVm()], [[], []]);
  });

  it("ends, and names the holder, where another's finalizer keeps an object", async () => {
    const world = createWorld("2026-06-14T12:00:00Z");
    const held = makeAssigned(makePod("web-0"), makeIdentity("reader"));
    world.cluster.put("AzureAssignedIdentity", {
      ...held,
      finalizers: [...held.finalizers, "acme.io/audit"],
    });
    // As the API server does: our finalizer goes, the object stays.
    world.cluster.deleteAssignedIdentity = async () => {
      const stored = world.cluster.get("AzureAssignedIdentity", "default/web-0-shop-reader");
      if (stored?.finalizers.length === 2) {
        world.cluster.put("AzureAssignedIdentity", { ...stored, finalizers: ["acme.io/audit"] });
      }
    };
    assert.deepEqual(await runDrain(world), [
      { key: "default/web-0-shop-reader", why: "it is held by the finalizer acme.io/audit" },
    ]);
  });

  it("interrupted anywhere, is finished by the next run, and never loses track of what is on a VM", async () => {
    for (let n = 1; ; n += 1) {
      const world = createWorld("2026-06-14T12:00:00Z");
      await populate(world);
      const crash = crashAt(n, n % 2 === 0 ? "before" : "after");
      world.cluster.crash = crash;
      world.compute.crash = crash;
      const stopping = new AbortController();
      const interrupted = startDrain(world, stopping.signal);
      for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
      const isOver = !crash.isDead();
      stopping.abort();
      world.cluster.crash = neverCrash;
      world.compute.crash = neverCrash;
      await interrupted;
      const answeredFor = world.cluster
        .list("AzureAssignedIdentity")
        .filter(({ spec }) => spec.nodename === "vm-0").length;
      assert.ok(answeredFor > 0 || world.onVm().length === 0, `effect ${n}`);
      assert.deepEqual(await runDrain(world), [], `effect ${n}`);
      assert.deepEqual([world.objects(), world.onVm()], [[], []], `effect ${n}`);
      assert.deepEqual(idsOn(world, scaleSetId("set")), [], `effect ${n}`);
      if (isOver) break;
    }
  });
});
