import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNode, uniqueName } from "../../control-plane/fixtures.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { noNamespaces, useBlackHole } from "./black-hole.ts";
import { clientOf, follow, noteEnds } from "./followed.ts";

const reason = noNamespaces();

describe("a network that loses every packet", { skip: reason ?? false }, () => {
  const plane = useControlPlane();

  it("is noticed within 100 s with the limits that ship, and the cache is known to be stale by then", async (t) => {
    const { log, ends } = noteEnds();
    const road = await useBlackHole(t, plane());
    const source = follow(t, await clientOf(t, plane(), road.kubeconfig), { kinds: ["Node"], log });
    await source.synced();
    const name = uniqueName("unseen");
    road.close();
    const closedMs = performance.now();
    await createNode(plane().api(), { name });
    await waitFor(() => ends.length > 0, "the loss is noticed", 100_000);
    t.diagnostic(`noticed after ${Math.round((performance.now() - closedMs) / 1000)} s: ${ends.join(", ")}`);
    assert.equal(source.get("Node", name), undefined);
    await waitFor(() => source.ageSeconds() > 60, "grants are not believed any more", 60_000);
    const staleMs = performance.now() - closedMs;
    assert.ok(staleMs < 62_000, `stale only after ${staleMs} ms`);
    road.open();
    await waitFor(() => source.get("Node", name) !== undefined, "the node is seen", 60_000);
    await waitFor(() => source.ageSeconds() < 5, "the cache is fresh");
  });
});
