import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { crashAt, neverCrash } from "./fakes.ts";
import { dailyWindow, makeBinding, makeIdentity, makePod } from "./objects.ts";
import { createWorld, type World } from "./world.ts";

const minute = 60_000;

/** Two pods share one identity, one of them has a second, and a third needs no VM. */
function populate(world: World): void {
  world.cluster.put("AzureIdentity", makeIdentity("writer"));
  world.cluster.put("AzureIdentity", makeIdentity("secret", { spec: { type: 1, resourceID: "" } }));
  const timeBox = dailyWindow("12:00", "13:00", { keepIfReopensWithin: "0s" });
  for (const name of ["reader", "writer", "secret"]) {
    world.bind(makeBinding(name, { timeBox, selector: name === "reader" ? "reader" : "both" }));
  }
  world.bind(makeBinding("reader-too", { identity: "reader", timeBox, selector: "both" }));
  world.cluster.put("Pod", makePod("web-0"));
  world.cluster.put("Pod", makePod("web-1", { labels: { aadpodidbinding: "both" } }));
}

async function runOnce(world: World): Promise<void> {
  const controller = world.createController();
  controller.start();
  await controller.settled();
  await controller.close();
}

/** Each story changes the world while no controller runs; `end` is what must be there in the end. */
const stories = {
  "the box opens": {
    prepare: async () => {},
    end: [
      "web-0-shop-reader Assigned",
      "web-1-shop-reader Assigned",
      "web-1-shop-secret Assigned",
      "web-1-shop-writer Assigned",
    ],
    onVm: ["reader", "writer"],
    journal: "+reader +writer",
  },
  "the box closes": {
    prepare: async (world: World) => {
      await runOnce(world);
      world.clock.advance(31 * minute);
    },
    end: [],
    onVm: [],
    journal: "+reader +writer -reader -writer",
  },
  "a pod goes": {
    prepare: async (world: World) => {
      await runOnce(world);
      world.cluster.remove("Pod", "shop/web-1");
    },
    end: ["web-0-shop-reader Assigned"],
    onVm: ["reader"],
    journal: "+reader +writer -writer",
  },
  "one pod goes and another comes for the same identity": {
    prepare: async (world: World) => {
      await runOnce(world);
      world.cluster.remove("Pod", "shop/web-1");
      world.cluster.put("Pod", makePod("web-2", { labels: { aadpodidbinding: "both" } }));
    },
    end: [
      "web-0-shop-reader Assigned",
      "web-2-shop-reader Assigned",
      "web-2-shop-secret Assigned",
      "web-2-shop-writer Assigned",
    ],
    onVm: ["reader", "writer"],
    journal: "+reader +writer",
  },
  "a pod comes back under its old name": {
    prepare: async (world: World) => {
      await runOnce(world);
      world.cluster.put("Pod", makePod("web-1", { labels: { aadpodidbinding: "both" }, uid: "second" }));
    },
    end: [
      "web-0-shop-reader Assigned",
      "web-1-shop-reader Assigned",
      "web-1-shop-secret Assigned",
      "web-1-shop-writer Assigned",
    ],
    onVm: ["reader", "writer"],
    journal: "+reader +writer",
  },
  "an identity is edited, and a pod comes back under its old name": {
    prepare: async (world: World) => {
      await runOnce(world);
      world.cluster.put("AzureIdentity", makeIdentity("writer", { spec: { clientID: "edited" } }));
      world.cluster.put("Pod", makePod("web-0", { uid: "second" }));
    },
    end: [
      "web-0-shop-reader Assigned",
      "web-1-shop-reader Assigned",
      "web-1-shop-secret Assigned",
      "web-1-shop-writer Assigned",
    ],
    onVm: ["reader", "writer"],
    journal: "+reader +writer",
  },
};
/** More than any story needs. */
const mostEffects = 30;

describe("a controller that dies", () => {
  for (const [name, story] of Object.entries(stories)) {
    for (const when of ["before", "after"] as const) {
      it(`${when} any of its effects leaves what the next one finishes: ${name}`, async () => {
        for (let n = 1; n <= mostEffects; n += 1) {
          const world = createWorld("2026-06-14T12:30:00Z");
          populate(world);
          await story.prepare(world);
          const crash = crashAt(n, when);
          world.cluster.crash = crash;
          world.compute.crash = crash;
          await runOnce(world);
          world.cluster.crash = neverCrash;
          world.compute.crash = neverCrash;
          await runOnce(world);

          assert.deepEqual(world.objects(), story.end, `effect ${n}`);
          assert.deepEqual(world.onVm().toSorted(), story.onVm, `effect ${n}`);
          assert.equal(world.compute.journal.join(" "), story.journal, `effect ${n}: done once`);
          const uids = new Map(world.cluster.list("Pod").map((pod) => [pod.name, pod.uid]));
          for (const { annotations, spec } of world.cluster.list("AzureAssignedIdentity")) {
            assert.equal(annotations["podid.dev/pre-assigned"], undefined, `effect ${n}: ours`);
            assert.equal(annotations["podid.dev/pod-uid"], uids.get(spec.pod), `effect ${n}: of this pod`);
          }
          if (!crash.isDead()) return;
        }
        assert.fail("the story never ran through");
      });
    }
  }
});
