import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import type { Controller } from "../../../src/controller/controller.ts";
import { makeBinding } from "./objects.ts";
import { advance, createWorld, startController, type World } from "./world.ts";

const resyncMs = 5 * 60_000;

interface Scene {
  readonly world: World;
  readonly controller: Controller;
  /** How many questions about stand-ins a resync takes, after `act` and the looks that this leads to. */
  readonly resync: (act?: (world: World) => void) => Promise<number>;
}

/** Two bindings whose statuses have been written, and seen to be shown. */
async function start(t: TestContext): Promise<Scene> {
  const world = createWorld("2026-06-14T12:00:00Z");
  let asked = 0;
  const decide = world.decider.decide.bind(world.decider);
  world.decider.decide = (entrypoint, input) => {
    if (entrypoint === "assign") asked += 1;
    return decide(entrypoint, input);
  };
  world.bind(makeBinding("reader"));
  world.bind(makeBinding("writer", { selector: "writer" }));
  const controller = await startController(t, world);
  await advance(world, controller, 2 * resyncMs);
  const resync: Scene["resync"] = async (act = () => undefined) => {
    act(world);
    await controller.settled();
    asked = 0;
    await advance(world, controller, resyncMs);
    return asked;
  };
  return { world, controller, resync };
}

describe("a resync of statuses", () => {
  it("asks nothing about what cannot have changed", async (t) => {
    const { resync } = await start(t);
    assert.equal(await resync(), 0);
  });

  it("looks again at a binding that has changed, once, and not at the others", async (t) => {
    const { resync } = await start(t);
    const onlyOne = await resync(({ cluster }) =>
      cluster.put("AzureIdentityBinding", { ...makeBinding("reader"), resourceVersion: "2" }),
    );
    assert.equal(onlyOne, 0, "the change itself led to the look");
    assert.equal(await resync(), 0);
  });

  it("looks again at all when something has changed whose reach nobody knows", async (t) => {
    const { world, resync } = await start(t);
    assert.ok((await resync(() => world.cluster.remove("Namespace", "shop"))) > 0);
    assert.equal(await resync(), 0);
  });

  it("mends a status that somebody else has changed", async (t) => {
    const { world, resync } = await start(t);
    const written = world.cluster.applied.length;
    await world.cluster.applyBindingStatus("shop/reader", { timeBox: { inForce: "No" } });
    assert.ok((await resync()) > 0);
    const mended = world.cluster.applied.slice(written + 1);
    assert.deepEqual(
      mended.map(({ key }) => key),
      ["shop/reader"],
    );
  });

  it("looks again when the clock was set back, and each day", async (t) => {
    const { world, controller, resync } = await start(t);
    world.clock.stepWall(-3_600_000);
    assert.ok((await resync()) > 0);
    assert.equal(await resync(), 0);
    // Behind the last resync of the day.
    await advance(world, controller, 24 * 3_600_000 - 3 * resyncMs);
    assert.ok((await resync()) + (await resync()) + (await resync()) > 0);
  });

  it("looks again, each time, at a binding that no stand-in could be made for", async (t) => {
    const { world, resync } = await start(t);
    await resync(() => world.bind(makeBinding("nobody", { selector: "" })));
    assert.ok((await resync()) > 0);
  });
});
