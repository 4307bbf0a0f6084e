import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { type Api, at, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace, uniqueName } from "../../control-plane/fixtures.ts";
import { createFakeKubelet, type StartedPod } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import {
  type ClusterWorld,
  readerClientID,
  readerID,
  startClusterWorld,
  writerClientID,
  writerID,
} from "./cluster-world.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import { storeBinding, storeIdentity } from "./left-by-mic.ts";

const plane = useControlPlane();
const everywhere = "/apis/aadpodidentity.k8s.io/v1/azureassignedidentities";

/** `namespace/name` of every assigned identity that is Assigned. */
async function assigned(api: Api): Promise<readonly string[]> {
  return listAt(await succeed(api.get(everywhere)), "items")
    .filter((object) => at(object, "status", "status") === "Assigned")
    .map((object) => `${textAt(object, "metadata", "namespace")}/${textAt(object, "metadata", "name")}`)
    .toSorted();
}

/** Waits until these, and no others, are Assigned. */
const shows = (wanted: readonly string[], what: string): Promise<unknown> =>
  waitFor(
    async () => JSON.stringify(await assigned(plane().api())) === JSON.stringify(wanted.toSorted()),
    what,
  );

describe("which pods get which identities", () => {
  let world: ClusterWorld;
  let controller: DaemonProcess | undefined;
  let pods: StartedPod[] = [];
  let shop: string;
  let ops: string;
  let label: string;

  before(async () => (world = await startClusterWorld(plane(), { operationDurationMs: 100 })));
  after(() => world.close());
  beforeEach(async () => {
    const api = plane().api();
    [shop, ops] = [await createNamespace(api, "shop"), await createNamespace(api, "ops")];
    label = uniqueName("label");
    await storeIdentity(api, shop, { name: "reader", resourceID: readerID, clientID: readerClientID });
    await storeBinding(api, shop, "reader", label);
    await storeIdentity(api, shop, {
      name: "own",
      resourceID: writerID,
      clientID: writerClientID,
      isNamespaced: true,
    });
    await storeBinding(api, shop, "own", label);
  });
  afterEach(async () => {
    const kubelet = createFakeKubelet(plane().api());
    await Promise.all(pods.splice(0).map((pod) => kubelet.deletePod(pod)));
    await waitFor(async () => (await assigned(plane().api())).length === 0, "all pods' identities away");
    controller?.kill("SIGTERM");
    await controller?.ended();
  });

  const runPod = async (namespace: string, name: string, value = label): Promise<StartedPod> => {
    const labels = { aadpodidbinding: value };
    const pod = await createFakeKubelet(plane().api()).startPod({
      namespace,
      name,
      node: world.node,
      labels,
    });
    pods.push(pod);
    return pod;
  };
  it("by default across namespaces, but for identities that say that they are namespaced", async () => {
    controller = await world.startController();
    await runPod(shop, "web-0");
    await runPod(ops, "web-1");
    await shows(
      [`${shop}/web-0-${shop}-own`, `default/web-0-${shop}-reader`, `default/web-1-${ops}-reader`],
      "the pod elsewhere without the namespaced identity",
    );
  });

  for (const [how, environment, flags] of [
    ["--forceNamespaced", {}, ["--forceNamespaced"]],
    ["FORCENAMESPACED", { FORCENAMESPACED: "true" }, []],
  ] as const) {
    it(`with ${how} in their own namespace only, where the objects are too`, async () => {
      controller = await world.startControllerWith(environment, ...flags);
      await runPod(ops, "web-1");
      await runPod(shop, "web-0");
      await shows([`${shop}/web-0-${shop}-own`, `${shop}/web-0-${shop}-reader`], "the pod in the namespace");
      await controller.said("leading");
      assert.doesNotMatch(JSON.stringify(await succeed(plane().api().get(everywhere))), /web-1/);
    });
  }

  it("not pods without a node or with an empty label, and not those that have ended", async () => {
    const api = plane().api();
    controller = await world.startController();
    await storeIdentity(api, ops, { name: "empty", resourceID: readerID, clientID: readerClientID });
    await storeBinding(api, ops, "empty", "");
    await runPod(shop, "unlabelled", "");
    await succeed(
      api.post(`/api/v1/namespaces/${ops}/pods`, {
        metadata: { name: "unscheduled", labels: { aadpodidbinding: label } },
        spec: { containers: [{ name: "app", image: "registry.invalid/app:1" }] },
      }),
    );
    const kubelet = createFakeKubelet(api);
    const [done, failed] = [await runPod(ops, "done"), await runPod(ops, "failed")];
    await runPod(ops, "lasting");
    const last = `default/lasting-${ops}-reader`;
    await shows([`default/done-${ops}-reader`, `default/failed-${ops}-reader`, last], "those that run");
    await kubelet.finish(done, "Succeeded");
    await kubelet.finish(failed, "Failed");
    await shows([last], "the last that runs");
    assert.deepEqual(world.identitiesOnVm(), ["reader"]);
    await kubelet.finish(pods.at(-1) ?? assert.fail("no pod"), "Succeeded");
    await waitFor(async () => world.identitiesOnVm().length === 0, "the identity off the VM");
    // The server lets a pod without a node go at once.
    await succeed(api.delete(`/api/v1/namespaces/${ops}/pods/unscheduled`));
  });
});
