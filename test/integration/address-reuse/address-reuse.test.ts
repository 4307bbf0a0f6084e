import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { upstreamTimeoutMs } from "../../../src/nmi/token-fetch.ts";
import { binding, clientIDOf, managedIdentity, manifest, node, pod } from "../manifests.ts";
import { startWorld, type World } from "../world.ts";

const address = "127.0.9.9";
const running = { phase: "Running", podIP: address, startTime: "2026-06-14T11:00:00Z" };

/**
 * Pod shop/first has the address and its identity. `interfaces` is the node's network; the folder is the API server,
 * which a test holds back by not writing.
 */
async function startAtFirst(t: TestContext): Promise<{ world: World; interfaces: Map<string, string> }> {
  const interfaces = new Map([[address, "azv1#7"]]);
  const others = [node, ...["first", "second"].flatMap((name) => [managedIdentity(name), binding(name)])];
  const world = await startWorld({
    at: "2026-06-14T12:00:00Z",
    manifests: { "others.yaml": manifest(...others), "pod.yaml": manifest(pod("first", running)) },
    interfaceBehind: (asked) => interfaces.get(asked) ?? null,
  });
  t.after(() => world.close());
  await world.settle();
  return { world, interfaces };
}

const second = manifest(pod("second", running));
const change = { kind: "Pod", key: "shop/second" } as const;

describe("a pod that takes a dead pod's address before the API server has told of it", () => {
  it("waits, and gets its own identity's token, never the dead pod's (users.md 1)", async (t) => {
    const { world, interfaces } = await startAtFirst(t);
    const caller = world.callerOf("shop/first");
    assert.equal((await world.askFrom(caller)).clientID, clientIDOf("first"));

    interfaces.set(address, "azv2#9");
    const waits = world.clock.timerStarted();
    const answer = world.askFrom(caller);
    await waits;
    await world.edit("pod.yaml", second, change);
    const { status, clientID } = await world.during(answer);
    assert.deepEqual([status, clientID], [200, clientIDOf("second")]);
  });

  it("is told to come again when the API server stays silent, though the dead pod's token is at hand", async (t) => {
    const { world, interfaces } = await startAtFirst(t);
    const caller = world.callerOf("shop/first");
    assert.equal((await world.askFrom(caller)).status, 200);
    interfaces.set(address, "azv2#9");
    const { status, reasons } = await world.during(world.askFrom(caller));
    assert.deepEqual([status, reasons], [404, ["UnknownCaller"]]);
  });

  it("gets nothing of what was on its way when the address moved", async (t) => {
    const { world, interfaces } = await startAtFirst(t);
    const isCallingUpstream = world.clock.timerStarted(upstreamTimeoutMs);
    const answer = world.askFrom(world.callerOf("shop/first"));
    await isCallingUpstream;
    interfaces.set(address, "azv2#9");
    const { status, reasons, clientID } = await answer;
    assert.deepEqual([status, reasons, clientID], [503, ["PodReplaced"], null]);
    const upstream = world.stack.emulator.journal.list().at(-1);
    assert.deepEqual([upstream?.listener, upstream?.status], ["imds:node-0", 200]);
  });
});
