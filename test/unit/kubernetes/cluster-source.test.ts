import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { pass, start, sync } from "./cluster-scene.ts";
import { eventLine } from "./scripted-api.ts";

describe("a cluster source", () => {
  it("follows the kinds that it was told, narrowed by selectors, and knows nothing of others", async (t) => {
    const scene = start(t, {
      kinds: ["AzureAssignedIdentity", "AzurePodIdentityException"],
      selectors: { AzureAssignedIdentity: { fieldSelector: "spec.nodename=n1" } },
    });
    assert.equal(scene.source.isSynced(), false);
    const watches = await sync(scene, "a");
    assert.deepEqual(
      watches.map(({ path, query }) => [path, query["fieldSelector"]]),
      [
        ["/apis/aadpodidentity.k8s.io/v1/azureassignedidentities", "spec.nodename=n1"],
        ["/apis/aadpodidentity.k8s.io/v1/azurepodidentityexceptions", undefined],
      ],
    );
    assert.equal(scene.source.isSynced(), true);
    assert.deepEqual(scene.source.get("AzurePodIdentityException", "shop/a")?.spec, {
      podLabels: { version: "5" },
    });
    assert.equal(scene.source.list("AzureAssignedIdentity").length, 1);
    assert.deepEqual([scene.source.list("Pod"), scene.source.get("Pod", "shop/a")], [[], undefined]);
  });

  it("tells each change after reads can see it", async (t) => {
    const scene = start(t);
    const seen: unknown[] = [];
    scene.source.subscribe(({ kind, key }) =>
      seen.push([kind, key, scene.source.get("AzurePodIdentityException", key)?.uid]),
    );
    const [watch] = await sync(scene, "a");
    watch?.line(eventLine("ADDED", "a", "6", "another"));
    watch?.line(eventLine("DELETED", "a", "7", "another"));
    await scene.server.settle();
    const change = ["AzurePodIdentityException", "shop/a"];
    assert.deepEqual(seen, [
      [...change, "uid-a"],
      [...change, undefined],
      [...change, "another"],
      [...change, undefined],
    ]);
  });

  it("reads a Secret from the server each time", async (t) => {
    const { server, source } = start(t);
    server.answer = () => ({ data: { ClientSecret: "czNjcjN0" } });
    assert.deepEqual([...((await source.readSecret("shop", "sp")) ?? [])], [["ClientSecret", "s3cr3t"]]);
    await source.readSecret("shop", "sp");
    assert.deepEqual(
      server.calls.map(({ path }) => path),
      Array.from({ length: 2 }, () => "/api/v1/namespaces/shop/secrets/sp"),
    );
    server.answer = () => {
      throw new KubernetesError("NotFound", "none");
    };
    assert.equal(await source.readSecret("shop", "sp"), undefined);
    server.answer = () => {
      throw new KubernetesError("Forbidden", "no");
    };
    await assert.rejects(source.readSecret("shop", "sp"), { code: "Forbidden" });
    server.answer = () => ({ data: { ClientSecret: "not base64, hunter2" } });
    await assert.rejects(source.readSecret("shop", "sp"), (error: Error) => {
      assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2/);
      return true;
    });
  });

  it("applies statuses under podid's own name, on the status subresource", async (t) => {
    const { server, source } = start(t);
    server.answer = () => ({});
    await source.applyBindingStatus("shop/nightly", { timeBox: { inForce: true } });
    await source.applyGrantStatus("shop/g1", { phase: "Active" });
    const [first, second] = server.calls;
    assert.deepEqual(
      [first?.method, first?.path, first?.bodyType, first?.query],
      [
        "PATCH",
        "/apis/aadpodidentity.k8s.io/v1/namespaces/shop/azureidentitybindings/nightly/status",
        "application/apply-patch+yaml",
        { fieldManager: "podid-controller", force: "true" },
      ],
    );
    assert.deepEqual(first?.body, {
      apiVersion: "aadpodidentity.k8s.io/v1",
      kind: "AzureIdentityBinding",
      metadata: { namespace: "shop", name: "nightly" },
      status: { timeBox: { inForce: true } },
    });
    assert.match(second?.path ?? "", /azureidentityaccessgrants\/g1\/status$/);
  });
});

describe("the age of a cluster source", () => {
  it("is beyond all bounds before everything has been read, and zero for one that follows nothing", async (t) => {
    assert.ok(start(t).source.ageSeconds() > 1e8);
    assert.equal(start(t, { kinds: [] }).source.ageSeconds(), 0);
  });

  it("stays low while a quiet watch stands and the server answers", async (t) => {
    const scene = start(t);
    await sync(scene);
    scene.server.answer = () => "ok";
    let oldest = 0;
    for (let i = 0; i < 90; i += 1) {
      await pass(scene, 1);
      oldest = Math.max(oldest, scene.source.ageSeconds());
    }
    assert.ok(oldest <= 21, `${oldest} s`);
    assert.ok(scene.server.calls.length <= 6, "it does not ask often");
    assert.ok(scene.server.calls.every(({ path }) => path === "/readyz"));
  });

  it("passes 60 s in time when the server is frozen, though its connections stand", async (t) => {
    const scene = start(t);
    const [watch] = await sync(scene);
    scene.server.answer = () => "ok";
    await pass(scene, 20);
    scene.server.answer = () => {
      throw new KubernetesError("Unreachable", "no answer within 5 s");
    };
    await pass(scene, 61);
    assert.equal(watch?.signal.aborted, false, "the watch is not cut yet");
    assert.ok(scene.source.ageSeconds() > 60, `${scene.source.ageSeconds()} s`);
  });

  it("falls soon after a long outage: the server is asked, and its answer ends the waits", async (t) => {
    const scene = start(t, { wakeSpreadMs: 1_000 });
    const away = new KubernetesError("Unreachable", "connection refused");
    const [watch] = await sync(scene);
    scene.server.answer = () => {
      throw away;
    };
    watch?.fail(away);
    for (let i = 0; i < 120; i += 1) {
      await pass(scene, 1);
      for (const failing of scene.server.watches.slice(1)) failing.fail(away);
    }
    const { length } = scene.server.watches;
    scene.server.answer = () => "ok";
    await pass(scene, 3);
    assert.equal(scene.server.watches.length, length + 1);
    scene.server.watches.at(-1)?.open();
    await pass(scene, 1);
    assert.ok(scene.source.ageSeconds() <= 2, `${scene.source.ageSeconds()} s`);
  });

  it("is that of a grant's own watch: a server that answers does not vouch for it", async (t) => {
    const scene = start(t, { kinds: ["AzureIdentityAccessGrant"] });
    await sync(scene);
    scene.server.answer = () => "ok";
    await pass(scene, 40);
    assert.ok(scene.source.ageSeconds() >= 40, `${scene.source.ageSeconds()} s`);
  });

  it("is that of the oldest kind: a server that answers does not vouch for a watch that is cut", async (t) => {
    const scene = start(t, { kinds: ["AzurePodIdentityException", "Namespace"] });
    const [cut] = await sync(scene);
    scene.server.answer = () => "ok";
    cut?.fail(new KubernetesError("Forbidden", "the right was taken away"));
    for (let i = 0; i < 70; i += 1) {
      await pass(scene, 1);
      for (const watch of scene.server.watches.slice(2))
        watch.fail(new KubernetesError("Forbidden", "still"));
    }
    assert.ok(scene.source.ageSeconds() >= 69, `${scene.source.ageSeconds()} s`);
  });

  it("counts the answer of a server that forbids the question, but not of one that is not ready", async (t) => {
    const scene = start(t);
    await sync(scene);
    scene.server.answer = () => {
      throw new KubernetesError("Forbidden", "no");
    };
    await pass(scene, 40);
    assert.ok(scene.source.ageSeconds() <= 21);
    scene.server.answer = () => {
      throw new KubernetesError("Unreachable", "500 etcd failed");
    };
    await pass(scene, 40);
    assert.ok(scene.source.ageSeconds() >= 40);
  });
});
