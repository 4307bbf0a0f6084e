import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { dailyWindow, makeBinding, makeIdentity, makePod } from "./objects.ts";
import { advance, createWorld, startController, type World } from "./world.ts";

const hour = 3_600_000;

/** A world with web-0 and web-1 on one VM, and how often the policy was asked about which pod since the last look. */
async function start(t: TestContext) {
  const world = createWorld("2026-06-14T12:00:00Z");
  const asked = new Set<string>();
  const decide = world.decider.decide.bind(world.decider);
  world.decider.decide = (entrypoint, input) => {
    // Statuses ask about stand-ins.
    if ("pod" in input && input.pod.name.startsWith("web-")) asked.add(input.pod.name);
    return decide(entrypoint, input);
  };
  world.bind(makeBinding("reader", { timeBox: dailyWindow("08:00", "18:00") }));
  world.cluster.put("Pod", makePod("web-0"));
  world.cluster.put("Pod", makePod("web-1"));
  const controller = await startController(t, world);
  const askedNow = async (act: (world: World) => void): Promise<readonly string[]> => {
    asked.clear();
    act(world);
    await controller.settled();
    return [...asked].toSorted();
  };
  return { world, controller, asked, askedNow };
}

describe("the policy is asked about a pod", () => {
  it("when that is new or has changed, and not about its neighbours", async (t) => {
    const { askedNow } = await start(t);
    assert.deepEqual(await askedNow(({ cluster }) => cluster.put("Pod", makePod("web-2"))), ["web-2"]);
    assert.deepEqual(
      await askedNow(({ cluster }) => cluster.put("Pod", makePod("web-0", { phase: "Failed" }))),
      ["web-0"],
    );
    assert.deepEqual(await askedNow(({ cluster }) => cluster.remove("Pod", "shop/web-1")), []);
  });

  it("again after anything has changed that decisions depend on", async (t) => {
    const { askedNow } = await start(t);
    const both = ["web-0", "web-1"];
    assert.deepEqual(
      await askedNow(({ cluster }) => cluster.put("AzureIdentity", makeIdentity("other"))),
      both,
    );
    assert.deepEqual(await askedNow((world) => world.bind(makeBinding("other"))), both);
    assert.deepEqual(await askedNow(({ decider }) => decider.changePolicy()), both);
    assert.deepEqual(await askedNow(() => undefined), []);
  });

  it("again at the instant at which the answer changes, and not at each resync before", async (t) => {
    const { world, controller, asked } = await start(t);
    asked.clear();
    await advance(world, controller, 5 * hour);
    assert.deepEqual([...asked], []);
    await advance(world, controller, hour);
    assert.deepEqual([...asked].toSorted(), ["web-0", "web-1"]);
    assert.equal(world.cluster.list("AzureAssignedIdentity")[0]?.status.inForce, false);
  });
});
