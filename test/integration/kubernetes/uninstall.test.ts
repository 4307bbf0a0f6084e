import assert from "node:assert/strict";
import { resolve } from "node:path";
import { it } from "node:test";

import { at, listAt, succeed } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { createAccess, startClusterWorld } from "./cluster-world.ts";

const plane = useControlPlane();
const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

it("docs/cluster.md's way to uninstall leaves nothing: no identity on a VM, no object, no definition", async (t) => {
  const api = plane().api();
  const world = await startClusterWorld(plane(), { operationDurationMs: 100 });
  t.after(() => world.close());
  const shop = await createNamespace(api, "shop");
  await createAccess(plane(), shop, { selector: "frontend" });
  const labels = { aadpodidbinding: "frontend" };
  await createFakeKubelet(api).startPod({ namespace: shop, name: "web-0", node: world.node, labels });
  const controller = await world.startController();
  t.after(() => controller.kill("SIGKILL"));
  await waitFor(async () => world.identitiesOnVm().length === 1, "the identity on the VM");
  // What nobody but the controller may delete must not keep its definition either.
  const grants = `/apis/aadpodidentity.k8s.io/v1/namespaces/${shop}/azureidentityaccessgrants`;
  const requester = plane().api({ user: "erin", groups: ["system:masters"] });
  await succeed(
    requester.post(grants, {
      apiVersion: "aadpodidentity.k8s.io/v1",
      kind: "AzureIdentityAccessGrant",
      metadata: { name: "last" },
      spec: { bindingName: "reads", requester: "erin", justification: "restore the ledger", for: "1h" },
    }),
  );
  controller.kill("SIGTERM");
  await controller.ended();

  const draining = await world.startController("--drain");
  assert.deepEqual(await draining.ended(), { code: 0, stderr: "" });
  assert.deepEqual(world.identitiesOnVm(), []);
  const deploy = resolve(import.meta.dirname, "../../../deploy");
  const deleted = await plane().kubectl(["delete", "-k", deploy, "--wait=false"]);
  assert.equal(deleted.code, 0, deleted.stderr);
  await waitFor(
    async () =>
      listAt(await succeed(api.get(crds)), "items").every(
        (crd) => at(crd, "spec", "group") !== "aadpodidentity.k8s.io",
      ),
    "the definitions away, with all objects",
    30_000,
  );
});
