import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";

import { type Api, at, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace, uniqueName } from "../../control-plane/fixtures.ts";
import { createFakeKubelet, type StartedPod } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import {
  type ClusterWorld,
  createAccess,
  readerID,
  startClusterWorld,
  writerClientID,
  writerID,
} from "./cluster-world.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import { finalizer, storeBinding, storeIdentity } from "./left-by-mic.ts";

const plane = useControlPlane();
const root = "/apis/aadpodidentity.k8s.io/v1";
const everywhere = `${root}/azureassignedidentities`;
const collectionIn = (namespace: string, plural: string): string =>
  `${root}/namespaces/${namespace}/${plural}`;

/** Ended after each test, the last first. */
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  // What stands on something ends before it.
  for (const end of ends.splice(0).toReversed()) await end();
});

async function startWorld(onVm: readonly string[] = []): Promise<ClusterWorld> {
  const world = await startClusterWorld(plane(), { operationDurationMs: 100 }, onVm);
  ends.push(() => world.close());
  return world;
}

async function lead(world: ClusterWorld): Promise<DaemonProcess> {
  const controller = await world.startController();
  ends.push(() => stop(controller));
  await controller.said("leading");
  return controller;
}

async function stop(daemon: DaemonProcess): Promise<void> {
  daemon.kill("SIGTERM");
  await daemon.ended();
}

async function runPods(
  world: ClusterWorld,
  namespace: string,
  label: string,
  names: readonly string[],
): Promise<readonly StartedPod[]> {
  const kubelet = createFakeKubelet(plane().api());
  const labels = { aadpodidbinding: label };
  const pods = await Promise.all(
    names.map((name) => kubelet.startPod({ namespace, name, node: world.node, labels })),
  );
  ends.push(async () => void (await Promise.all(pods.map((pod) => kubelet.deletePod(pod)))));
  return pods;
}

const namesOfAll = async (api: Api): Promise<readonly string[]> =>
  listAt(await succeed(api.get(everywhere)), "items").map((object) => textAt(object, "metadata", "name"));

const countOf = async (api: Api, status: string): Promise<number> =>
  listAt(await succeed(api.get(everywhere)), "items").filter(
    (object) => at(object, "status", "status") === status,
  ).length;

/** A world in which 20 pods have been assigned, and no controller runs any more. */
async function leaveTwentyAssigned(api: Api): Promise<ClusterWorld> {
  const world = await startWorld();
  const controller = await lead(world);
  const shop = await createNamespace(api, "shop");
  const label = uniqueName("label");
  await createAccess(plane(), shop, { selector: label });
  const names = Array.from({ length: 20 }, (_, i) => `web-${i}`);
  await runPods(world, shop, label, names);
  await waitFor(async () => (await countOf(api, "Assigned")) === 20, "all assigned");
  await stop(controller);
  return world;
}

// Bindings reach across namespaces, and the tests share a cluster: each test has a label of its own.
describe("podid controller --drain", () => {
  it("takes away what was assigned, leaves what was there before, and ends with 0, again too", async () => {
    const api = plane().api();
    const world = await startWorld([writerID]);
    const controller = await lead(world);
    const shop = await createNamespace(api, "shop");
    const label = uniqueName("label");
    await createAccess(plane(), shop, { selector: label });
    await storeIdentity(api, shop, { name: "writer", resourceID: writerID, clientID: writerClientID });
    await storeBinding(api, shop, "writer", label);
    await runPods(world, shop, label, ["web-0", "web-1"]);
    await waitFor(async () => (await countOf(api, "Assigned")) === 4, "all assigned");
    await stop(controller);

    const draining = await world.startController("--drain");
    assert.deepEqual(await draining.ended(), { code: 0, stderr: "" });
    await draining.said("drained");
    assert.deepEqual(await namesOfAll(api), []);
    assert.deepEqual(world.identitiesOnVm(), ["writer"]);
    assert.deepEqual(world.patches(), ["+reader", "-reader"]);
    const again = await world.startController("--drain");
    assert.deepEqual(await again.ended(), { code: 0, stderr: "" });
  });

  it("killed in the middle, is finished by the next run", async () => {
    const api = plane().api();
    const world = await leaveTwentyAssigned(api);

    const first = await world.startController("--drain", "--leader-election-duration=3s");
    await waitFor(async () => (await namesOfAll(api)).length < 20, "the first objects away");
    first.kill("SIGKILL");
    await first.ended();
    assert.ok((await namesOfAll(api)).length > 0, "killed in the middle");
    const second = await world.startController("--drain");
    assert.deepEqual(await second.ended(), { code: 0, stderr: "" });
    assert.deepEqual(await namesOfAll(api), []);
    assert.deepEqual(world.identitiesOnVm(), []);
  });

  it("stopped before the API server has answered, has not succeeded", async () => {
    const world = await startWorld();
    await plane().freeze();
    ends.push(async () => plane().thaw());
    const draining = await world.startController("--drain");
    await draining.said("serving probes and metrics");
    draining.kill("SIGTERM");
    const message = "podid controller --drain: interrupted before it could act\n";
    assert.deepEqual(await draining.ended(), { code: 1, stderr: message });
  });

  it("stopped in the middle, says what is left, and is finished by the next run", async () => {
    const api = plane().api();
    const world = await leaveTwentyAssigned(api);

    const first = await world.startController("--drain");
    await waitFor(async () => (await namesOfAll(api)).length < 20, "the first objects away");
    first.kill("SIGTERM");
    const { code, stderr } = await first.ended();
    assert.equal(code, 1);
    assert.match(stderr, /--drain: (?:interrupted before it could act|\d+ AzureAssignedIdentities are left)/);
    const second = await world.startController("--drain");
    assert.deepEqual(await second.ended(), { code: 0, stderr: "" });
    assert.deepEqual([await namesOfAll(api), world.identitiesOnVm()], [[], []]);
  });

  it("says what it could not remove and why, and ends with 1", async () => {
    const api = plane().api();
    const world = await startWorld([readerID]);
    const shop = await createNamespace(api, "shop");
    const name = uniqueName("held");
    const path = `${collectionIn(shop, "azureassignedidentities")}/${name}`;
    await succeed(
      api.post(collectionIn(shop, "azureassignedidentities"), {
        apiVersion: "aadpodidentity.k8s.io/v1",
        kind: "AzureAssignedIdentity",
        metadata: { name, finalizers: ["acme.io/audit", finalizer] },
        spec: { pod: "web-0", podNamespace: shop, nodename: world.node },
        status: { status: "Assigned" },
      }),
    );
    ends.push(async () => void (await api.patch(path, { metadata: { finalizers: [] } })));
    const draining = await world.startController("--drain");
    const { code, stderr } = await draining.ended();
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`--drain: 1 AzureAssigned.* left.*\n  ${shop}/${name}: .*the finalizer acme.io/audit\n$`),
    );
    assert.deepEqual(at((await api.get(path)).body, "metadata", "finalizers"), ["acme.io/audit"]);
  });

  it("does nothing while another controller leads, and says how to go on", async () => {
    const world = await startWorld();
    await lead(world);
    const draining = await world.startController("--drain", "--drain-timeout=2s");
    const { code, stderr } = await draining.ended();
    assert.equal(code, 1);
    assert.match(stderr, /another controller leads.*--replicas=0/);
  });
});

describe("what is deleted under podid's hands", () => {
  it("a namespace with identity, binding, pods and assigned identities is gone, and its identity off the VM", async () => {
    const api = plane().api();
    const world = await startWorld();
    await lead(world);
    const solo = await createNamespace(api, "solo");
    const label = uniqueName("label");
    await storeIdentity(api, solo, {
      name: "writer",
      resourceID: writerID,
      clientID: writerClientID,
      isNamespaced: true,
    });
    await storeBinding(api, solo, "writer", label);
    const [pod] = await runPods(world, solo, label, ["worker-0"]);
    assert.ok(pod);
    const object = `${collectionIn(solo, "azureassignedidentities")}/worker-0-${solo}-writer`;
    await waitFor(
      async () => at((await api.get(object)).body, "status", "status") === "Assigned",
      "the assignment",
    );

    await endNamespace(solo, [pod]);
    await waitFor(async () => (await api.get(object)).status === 404, "the assigned identity away");
    await waitFor(async () => world.identitiesOnVm().length === 0, "the identity off the VM");
    await succeed(api.put(`/api/v1/namespaces/${solo}/finalize`, { metadata: { name: solo }, spec: {} }));
    assert.equal((await api.get(`/api/v1/namespaces/${solo}`)).status, 404);
  });

  it("an assigned identity deleted by hand goes, and comes again while its pod needs it", async () => {
    const api = plane().api();
    const world = await startWorld();
    await lead(world);
    const shop = await createNamespace(api, "shop");
    const label = uniqueName("label");
    await createAccess(plane(), shop, { selector: label });
    await runPods(world, shop, label, ["web-0"]);
    const path = `${collectionIn("default", "azureassignedidentities")}/web-0-${shop}-reader`;
    const assigned = async (): Promise<string | false> => {
      const { body } = await api.get(path);
      return at(body, "status", "status") === "Assigned" ? textAt(body, "metadata", "uid") : false;
    };
    const before = await waitFor(assigned, "the assignment");
    await succeed(api.delete(path));
    await waitFor(async () => ![false, before].includes(await assigned()), "another assignment");
    assert.deepEqual(world.identitiesOnVm(), ["reader"]);
    assert.deepEqual(world.patches(), ["+reader", "-reader", "+reader"]);
  });
});

/** What the namespace controller does, in its order of resources; pods take the longest. */
async function endNamespace(namespace: string, pods: readonly StartedPod[]): Promise<void> {
  const user = "system:serviceaccount:kube-system:namespace-controller";
  const api = plane().api({ user, groups: ["system:masters"] });
  await succeed(api.delete(`/api/v1/namespaces/${namespace}`));
  for (const plural of ["azureassignedidentities", "azureidentities", "azureidentitybindings"]) {
    await succeed(api.delete(collectionIn(namespace, plural)));
  }
  const kubelet = createFakeKubelet(plane().api());
  await Promise.all(pods.map((pod) => kubelet.deletePod(pod)));
}
