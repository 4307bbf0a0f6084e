import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { succeed } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { applyCrds, createNamespace, createNode, uniqueName } from "../../control-plane/fixtures.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { clientOf, follow, noteEnds } from "./followed.ts";
import { useProxy } from "./proxy.ts";

describe("following an API server in trouble", () => {
  const plane = useControlPlane();

  it("waits for a server that is away at the start, and knows nothing until it is there", async (t) => {
    const name = uniqueName("away");
    await createNode(plane().api(), { name });
    await plane().crash();
    const source = follow(t, await clientOf(t, plane()), { kinds: ["Node", "Namespace"] });
    await waitFor(() => source.ageSeconds() > 1e8, "the age says never");
    assert.equal(source.isSynced(), false);
    await plane().restart();
    await source.synced();
    assert.equal(source.get("Node", name)?.name, name);
    assert.ok(source.ageSeconds() < 60);
  });

  it("serves what it knows while the server is away, and catches up", async (t) => {
    const name = uniqueName("kept");
    const admin = plane().api();
    await createNode(admin, { name });
    const source = follow(t, await clientOf(t, plane()), { kinds: ["Node"] });
    await source.synced();
    await plane().crash();
    assert.equal(source.get("Node", name)?.name, name);
    await plane().restart();
    await succeed(admin.delete(`/api/v1/nodes/${name}`));
    await waitFor(() => source.get("Node", name) === undefined, "the deletion is seen");
    assert.deepEqual(source.stats().get("Node")?.drift, 0);
  });

  it("cuts the watch of a frozen server after the silence limit, ages, and catches up after it", async (t) => {
    const { log, ends } = noteEnds();
    const source = follow(t, await clientOf(t, plane()), { kinds: ["Node"], log, silenceLimitMs: 4_000 });
    await source.synced();
    const name = uniqueName("frozen");
    await plane().freeze();
    try {
      await waitFor(() => ends.includes("/api/v1/nodes silent"), "silence is noticed");
      await waitFor(() => source.ageSeconds() > 8, "the cache ages");
    } finally {
      plane().thaw();
    }
    await createNode(plane().api(), { name });
    await waitFor(() => source.get("Node", name) !== undefined, "the new node is seen", 60_000);
    await waitFor(() => source.ageSeconds() < 5, "the cache is fresh");
  });

  it("notices a road that swallows everything, though connections stay open", async (t) => {
    const { log, ends } = noteEnds();
    const proxy = await useProxy(t, plane(), plane().adminKubeconfigPath);
    const source = follow(t, await clientOf(t, plane(), proxy.kubeconfig), {
      kinds: ["Node"],
      log,
      silenceLimitMs: 4_000,
    });
    await source.synced();
    proxy.swallow();
    const name = uniqueName("unseen");
    await createNode(plane().api(), { name });
    await waitFor(() => ends.includes("/api/v1/nodes silent"), "silence is noticed");
    assert.equal(source.get("Node", name), undefined);
    proxy.open();
    await waitFor(() => source.get("Node", name) !== undefined, "the node is seen", 60_000);
  });

  it("leaves a quiet watch alone for longer than bookmarks take to come", async (t) => {
    const { log, ends } = noteEnds();
    await applyCrds(plane());
    const namespace = await createNamespace(plane().api());
    const source = follow(t, await clientOf(t, plane()), {
      kinds: ["AzureIdentityBinding", "AzureIdentityAccessGrant", "Node"],
      log,
    });
    await source.synced();
    let oldest = 0;
    const startedMs = performance.now();
    await waitFor(
      () => {
        oldest = Math.max(oldest, source.ageSeconds());
        return performance.now() - startedMs > 75_000;
      },
      "75 s",
      120_000,
    );
    // Those of grants are opened anew each 30 to 40 s, on purpose: only their own answers show that they live.
    assert.deepEqual(
      ends.filter((end) => !end.includes("/azureidentityaccessgrants ")),
      [],
    );
    assert.ok(oldest < 60, `the cache seemed ${oldest} s old`);
    await succeed(
      plane()
        .api()
        .post(`/apis/aadpodidentity.k8s.io/v1/namespaces/${namespace}/azureidentities`, {
          apiVersion: "aadpodidentity.k8s.io/v1",
          kind: "AzureIdentity",
          metadata: { name: "unrelated" },
          spec: {},
        }),
    );
    const stats = source.stats().get("AzureIdentityBinding");
    assert.deepEqual([stats?.restarts, stats?.relists.silence], [0, 0]);
    assert.equal(source.stats().get("AzureIdentityAccessGrant")?.relists.silence, 0);
  });
});

function pod(name: string, nodeName: string): unknown {
  const containers = [{ name: "app", image: "registry.invalid/app:1" }];
  return { metadata: { name }, spec: { nodeName, containers } };
}

describe("following an API server that cannot list by watch", () => {
  const plane = useControlPlane({ featureGates: { WatchList: false } });

  it("falls back to LIST, in pages or from the cache", async (t) => {
    const admin = plane().api();
    const namespace = await createNamespace(admin);
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const names = Array.from({ length: 620 }, (_, i) => `p${i}`);
    for (let i = 0; i < names.length; i += 20) {
      const some = names.slice(i, i + 20);
      await Promise.all(some.map((name, at) => succeed(admin.post(path, pod(name, `n${at % 2}`)))));
    }
    const api = await clientOf(t, plane());
    const whole = follow(t, api, { kinds: ["Pod"] });
    const part = follow(t, api, {
      kinds: ["Pod"],
      selectors: { Pod: { fieldSelector: "spec.nodeName=n1" } },
    });
    await Promise.all([whole.synced(), part.synced()]);
    assert.equal(whole.list("Pod").length, 620);
    assert.equal(part.list("Pod").length, 310);
    await succeed(admin.delete(`${path}/p1`, { gracePeriodSeconds: 0 }));
    await waitFor(() => whole.list("Pod").length === 619 && part.list("Pod").length === 309, "a deletion");
    assert.equal(whole.stats().get("Pod")?.relists.start, 1);
  });

  it("sees a revocation within a minute, although its watch is dead and the server answers", async (t) => {
    await applyCrds(plane());
    const api = plane().api();
    const namespace = await createNamespace(api);
    const base = `/apis/aadpodidentity.k8s.io/v1/namespaces/${namespace}/azureidentityaccessgrants`;
    const proxy = await useProxy(t, plane(), plane().adminKubeconfigPath);
    const client = await clientOf(t, plane(), proxy.kubeconfig);
    const source = follow(t, client, { kinds: ["AzureIdentityAccessGrant"] });
    const grant = () => source.get("AzureIdentityAccessGrant", `${namespace}/g`);
    await source.synced();
    const spec = { bindingName: "b", requester: "admin", justification: "because of the pager", for: "1h" };
    await succeed(
      api.post(base, {
        apiVersion: "aadpodidentity.k8s.io/v1",
        kind: "AzureIdentityAccessGrant",
        metadata: { name: "g" },
        spec,
      }),
    );
    await waitFor(() => grant() !== undefined, "the grant is seen");
    proxy.swallow(); // as a load balancer whose way to one server is gone
    proxy.open();
    await succeed(api.patch(`${base}/g`, { spec: { revoked: true, revokedBy: "admin" } }));
    const revokedMs = performance.now();
    await waitFor(() => grant()?.spec.revoked === true, "the revocation is seen", 60_000);
    t.diagnostic(`seen ${Math.round(performance.now() - revokedMs)} ms after the revocation`);
  });
});
