import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { dailyWindow, makeAssigned, makeBinding, makeIdentity, makePod, vmId, vmNode } from "./objects.ts";
import { neverCrash } from "./fakes.ts";
import { advance, createWorld, startController } from "./world.ts";

const minute = 60_000;

describe("what cannot be done", () => {
  it("is tried again after back-off while other targets go on", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.cluster.put("Node", vmNode("vm-1"));
    world.bind(makeBinding("reader"));
    let isDown = true;
    const attempts: number[] = [];
    world.compute.failWith = (target, ids) => {
      if (target !== vmId("vm-0") || ids.length === 0 || !isDown) return null;
      attempts.push(world.clock.monotonicMs());
      return { kind: "unavailable", retryAfterSeconds: null, identities: [], detail: "503" };
    };
    world.cluster.put("Pod", makePod("web-0"));
    world.cluster.put("Pod", makePod("web-1", { node: "vm-1" }));
    const controller = await startController(t, world);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Created", "web-1-shop-reader Assigned"]);
    assert.ok(
      world.cluster.events.some(
        ({ reason, message }) => reason === "binding apply error" && /503/.test(message),
      ),
    );

    for (let second = 0; second < 8; second += 1) await advance(world, controller, 1000);
    assert.deepEqual(attempts, [0, 1000, 3000, 7000]);
    isDown = false;
    await advance(world, controller, minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-1-shop-reader Assigned"]);
  });

  it("waits as long as ARM asks, whatever else changes", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.compute.failWith = (_, ids) =>
      ids.length === 0 || world.clock.monotonicMs() >= 120_000
        ? null
        : { kind: "throttled", retryAfterSeconds: 120, identities: [], detail: "429" };
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const callsBefore = world.compute.calls.length;
    world.cluster.put("Pod", makePod("web-1"));
    await advance(world, controller, 119_000);
    assert.equal(world.compute.calls.length, callsBefore);
    await advance(world, controller, 1000);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-1-shop-reader Assigned"]);
  });

  it("leaves a refused identity alone with its failure", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.cluster.put("AzureIdentity", makeIdentity("forbidden"));
    world.bind(makeBinding("reader"));
    world.bind(makeBinding("forbidden"));
    world.compute.failWith = (_, ids) => {
      const bad = ids.filter((id) => id.endsWith("/forbidden"));
      return bad.length === 0
        ? null
        : { kind: "refused", retryAfterSeconds: null, identities: bad, detail: "LinkedAuthorizationFailed" };
    };
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    assert.deepEqual(world.objects(), ["web-0-shop-forbidden Created", "web-0-shop-reader Assigned"]);
    const error = world.cluster.events.find(({ type }) => type === "Warning");
    assert.equal(error?.key, "shop/forbidden");
    assert.match(error.message, /LinkedAuthorizationFailed/);

    world.cluster.put("Pod", makePod("web-1", { labels: { aadpodidbinding: "other" } }));
    world.bind(makeBinding("other", { identity: "reader", selector: "other" }));
    await controller.settled();
    assert.ok(world.objects().includes("web-1-shop-reader Assigned"), "a new pod does not wait");
  });

  it("changes nothing in ARM for an object that could not be written", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.crash = {
      run: () => {
        throw new Error("admission webhook said no");
      },
    };
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    assert.deepEqual(world.onVm(), []);
    assert.match(world.cluster.events[0]?.message ?? "", /admission webhook said no/);
    world.cluster.crash = neverCrash;
    await advance(world, controller, 1000);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
  });

  it("makes no object while ARM does not tell what is on the VM", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    let isDown = true;
    world.compute.failWith = () =>
      isDown ? { kind: "unavailable", retryAfterSeconds: null, identities: [], detail: "reset" } : null;
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    assert.deepEqual(world.objects(), []);
    isDown = false;
    await advance(world, controller, 1000);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
  });

  it("is told once on the identity whose resourceID is malformed", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.cluster.put("AzureIdentity", makeIdentity("reader", { spec: { resourceID: "/subscriptions/x" } }));
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    await advance(world, controller, 11 * minute);
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(
      world.cluster.events.map(({ kind, key, type, reason }) => [kind, key, type, reason]),
      [["AzureIdentity", "shop/reader", "Warning", "binding apply error"]],
    );
  });

  it("holds what is there while a node's providerID names nothing", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.cluster.put("Node", { name: "vm-0", providerID: "" });
    world.cluster.put("Pod", makePod("web-1"));
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.match(world.cluster.events.at(-1)?.message ?? "", /providerID of Node vm-0/);
    world.cluster.put("Node", vmNode("vm-0"));
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-1-shop-reader Assigned"]);
  });

  it("takes the identity off a VM whose node is gone, as long as ARM has the VM", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.cluster.remove("Node", "vm-0");
    await controller.settled();
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(world.compute.journal, ["+reader", "-reader"]);
  });

  it("asks ARM once when the VM is gone with its node", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    const callsBefore = world.compute.calls.length;
    world.compute.failWith = () => ({
      kind: "notFound",
      retryAfterSeconds: null,
      identities: [],
      detail: "404",
    });
    world.cluster.remove("Node", "vm-0");
    await controller.settled();
    await advance(world, controller, 10 * minute);
    assert.deepEqual(world.objects(), []);
    assert.equal(world.compute.calls.length, callsBefore + 1);
  });

  it("releases objects without ARM when their VM's node is gone and nothing says which VM it was", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    const ofReference = makeAssigned(makePod("web-0"), makeIdentity("reader"));
    world.cluster.put("AzureAssignedIdentity", { ...ofReference, annotations: {} });
    world.cluster.remove("Node", "vm-0");
    await startController(t, world);
    assert.deepEqual(world.objects(), []);
    assert.deepEqual(world.compute.calls, []);
  });

  it("keeps the object when the node is back before ARM has answered", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    let isDown = true;
    world.compute.failWith = () =>
      isDown ? { kind: "unavailable", retryAfterSeconds: null, identities: [], detail: "503" } : null;
    world.cluster.remove("Node", "vm-0");
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    world.cluster.put("Node", vmNode("vm-0"));
    isDown = false;
    await advance(world, controller, minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    assert.deepEqual(world.compute.journal, ["+reader"]);
    const [object] = world.cluster.list("AzureAssignedIdentity");
    assert.equal(object?.annotations["podid.dev/pre-assigned"], undefined);
  });

  it("releases objects whose VM is gone, and stops asking", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.compute.failWith = () => ({
      kind: "notFound",
      retryAfterSeconds: null,
      identities: [],
      detail: "404",
    });
    world.cluster.remove("Pod", "shop/web-0");
    await controller.settled();
    assert.deepEqual(world.objects(), []);
  });
});

describe("a policy that fails", () => {
  it("changes nothing, and is asked again after 60 s", async (t) => {
    const world = createWorld("2026-06-14T12:00:00Z");
    world.bind(makeBinding("reader"));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.decider.isBroken = () => true;
    world.cluster.put("Pod", makePod("web-1"));
    await controller.settled();
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    world.decider.isBroken = () => false;
    await advance(world, controller, minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned", "web-1-shop-reader Assigned"]);
  });

  it("for the instants to come also changes nothing", async (t) => {
    const world = createWorld("2026-06-14T22:10:00Z");
    const assignment = { keepIfReopensWithin: "0s" };
    world.bind(makeBinding("reader", { timeBox: dailyWindow("22:00", "23:00", assignment) }));
    world.cluster.put("Pod", makePod("web-0"));
    const controller = await startController(t, world);
    world.decider.isBroken = ({ probes }) => probes.length > 0;
    await advance(world, controller, 60 * minute);
    assert.deepEqual(world.objects(), ["web-0-shop-reader Assigned"]);
    world.decider.isBroken = () => false;
    await advance(world, controller, minute);
    assert.deepEqual(world.objects(), []);
  });
});
