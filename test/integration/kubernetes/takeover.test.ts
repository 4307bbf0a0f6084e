import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { type Api, at, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { createFakeKubelet, type StartedPod } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { referenceCrds } from "../admission/reference-crds.ts";
import {
  type ClusterWorld,
  readerClientID,
  readerID,
  startClusterWorld,
  writerClientID,
  writerID,
} from "./cluster-world.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import { gone, leaveByMic, storeBinding, storeIdentity } from "./left-by-mic.ts";

const plane = useControlPlane();
const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const everywhere = "/apis/aadpodidentity.k8s.io/v1/azureassignedidentities";

const statusAt = async (api: Api, path: string): Promise<unknown> =>
  at((await api.get(path)).body, "status", "status");
const uidAt = async (api: Api, path: string): Promise<string> =>
  textAt(await succeed(api.get(path)), "metadata", "uid");
const namesOfAll = async (api: Api): Promise<readonly string[]> =>
  listAt(await succeed(api.get(everywhere)), "items").map((object) => textAt(object, "metadata", "name"));

// One cluster, as it lives: MIC's objects under MIC's definitions, then podid's definitions, then podid.
describe("what aad-pod-identity's MIC left behind", () => {
  let world: ClusterWorld;
  let controller: DaemonProcess;
  const pods: StartedPod[] = [];
  let shop: string;
  let solo: string;
  const left: Record<"plain" | "upgraded" | "own" | "half" | "ancient", { uid: string; path: string }> = {
    plain: { uid: "", path: "" },
    upgraded: { uid: "", path: "" },
    own: { uid: "", path: "" },
    half: { uid: "", path: "" },
    ancient: { uid: "", path: "" },
  };

  before(async () => {
    const api = plane().api();
    for (const crd of referenceCrds) await succeed(api.post(crdPath, crd));
    await waitFor(async () => (await api.get(everywhere)).status === 200, "aad-pod-identity's kinds");
    [shop, solo] = [await createNamespace(api, "shop"), await createNamespace(api, "solo")];
    const node = "old-node";
    const identity = await storeIdentity(api, shop, {
      name: "reader",
      resourceID: readerID.toUpperCase().replace("/SUBSCRIPTIONS/", "/subscriptions/"),
      clientID: readerClientID,
    });
    const binding = await storeBinding(api, shop, "reader", "frontend");
    const ownIdentity = await storeIdentity(api, solo, {
      name: "writer",
      resourceID: writerID,
      clientID: writerClientID,
      isNamespaced: true,
    });
    const ownBinding = await storeBinding(api, solo, "writer", "backend");
    const kubelet = createFakeKubelet(api);
    const run = async (name: string, namespace: string, aadpodidbinding: string): Promise<void> => {
      pods.push(await kubelet.startPod({ namespace, name, node, labels: { aadpodidbinding } }));
    };
    for (const name of ["web-0", "web-1", "web-2", "web-3"]) await run(name, shop, "frontend");
    await run("worker-0", solo, "backend");
    const made = { podNamespace: shop, node, identity, binding, status: "Assigned" } as const;
    left.plain = await leaveByMic(api, { ...made, pod: "web-0" });
    left.upgraded = await leaveByMic(api, { ...made, pod: "web-1", kindSuffix: "List" });
    left.half = await leaveByMic(api, { ...made, pod: "web-2", status: "Created" });
    left.ancient = await leaveByMic(api, { ...made, pod: "web-3", name: "web-3-reader", status: "" });
    left.own = await leaveByMic(api, {
      pod: "worker-0",
      podNamespace: solo,
      node,
      identity: ownIdentity,
      binding: ownBinding,
      status: "Assigned",
      namespace: solo,
    });
    world = await startClusterWorld(plane(), {}, [readerID, writerID], node);
    controller = await world.startController();
    await controller.said("leading");
    await waitFor(
      async () =>
        (await statusAt(api, left.half.path)) === "Assigned" &&
        (await statusAt(api, left.ancient.path)) === "Assigned",
      "what MIC began is finished",
    );
  });
  after(async () => {
    controller.kill("SIGTERM");
    assert.deepEqual(await controller.ended(), { code: 0, stderr: "" });
    await world.close();
  });

  it("is taken over as it is, without a PATCH to ARM", async () => {
    const api = plane().api();
    for (const [how, { path, uid }] of Object.entries(left)) {
      assert.deepEqual([await statusAt(api, path), await uidAt(api, path)], ["Assigned", uid], how);
    }
    assert.deepEqual(world.patches(), []);
    assert.deepEqual(world.identitiesOnVm().toSorted(), ["reader", "writer"]);
    assert.equal((await namesOfAll(api)).length, 5, "and nothing is made beside it");
  });

  it("goes with its pod, finalizer and all, and takes its identity off the VM with the last", async () => {
    const api = plane().api();
    const kubelet = createFakeKubelet(api);
    const [web0, ...others] = pods;
    assert.ok(web0);
    await kubelet.deletePod(web0);
    await waitFor(async () => (await api.get(left.plain.path)).status === 404, "the object of web-0 away");
    assert.deepEqual(world.patches(), [], "others need the identity");
    for (const pod of others) await kubelet.deletePod(pod);
    await waitFor(async () => (await namesOfAll(api)).length === 0, "all objects away");
    await waitFor(async () => world.identitiesOnVm().length === 0, "both identities off the VM");
    assert.deepEqual(world.patches().toSorted(), ["-reader", "-writer"]);
  });

  it("is cleared away where MIC did not get to it: pod, identity and binding are gone", async () => {
    const api = plane().api();
    const shared = {
      pod: "ghost",
      podNamespace: shop,
      identity: gone(shop, "ghostly", { type: 0, resourceID: readerID, clientID: readerClientID }),
      binding: gone(shop, "ghostly", { azureIdentity: "ghostly", selector: "ghost" }),
    } as const;
    const half = await leaveByMic(api, { ...shared, node: "old-node", status: "Unassigned" });
    const lost = await leaveByMic(api, { ...shared, pod: "ghost-2", node: "lost-node", status: "Assigned" });
    await waitFor(async () => (await api.get(half.path)).status === 404, "the half removed object away");
    await waitFor(async () => (await api.get(lost.path)).status === 404, "the lost node's object away");
  });
});
