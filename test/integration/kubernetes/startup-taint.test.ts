import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";

import { at, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { uniqueName } from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { type ClusterWorld, serviceAccountOf, startClusterWorld } from "./cluster-world.ts";
import type { DaemonProcess } from "./daemon-process.ts";

const plane = useControlPlane();
const ours = { key: "podid.dev/agent-not-ready", effect: "NoSchedule" };
const others = [{ key: "example.org/gpu", value: "a", effect: "NoExecute" }];

const pathOf = (node: string): string => `/api/v1/nodes/${node}`;

describe("a node that starts with podid's taint", () => {
  let world: ClusterWorld;
  before(async () => {
    world = await startClusterWorld(plane());
    const nmi = plane().api({ user: "system:serviceaccount:podid-system:podid-nmi" });
    const label = { metadata: { labels: { by: "nmi" } } };
    await waitFor(
      async () => (await nmi.patch(`${pathOf(world.node)}?dryRun=All`, label)).status === 403,
      "the policy for agents is enforced",
    );
  });
  after(() => world.close());

  const taint = (): Promise<unknown> =>
    succeed(
      plane()
        .api()
        .patch(pathOf(world.node), { spec: { taints: [ours, ...others] } }),
    );
  const keys = async (): Promise<readonly string[]> =>
    listAt(await succeed(plane().api().get(pathOf(world.node))), "spec", "taints").map((one) =>
      textAt(one, "key"),
    );

  /** NMI with the token that its pod on `node` has. */
  async function startNmi(t: TestContext, node: string): Promise<DaemonProcess> {
    const spec = { namespace: "podid-system", name: uniqueName("podid-nmi"), node };
    const pod = await createFakeKubelet(plane().api()).startPod({ ...spec, serviceAccount: "podid-nmi" });
    const account = await serviceAccountOf(plane(), "podid-nmi", pod);
    const nmi = await world.startNmi(`--service-account-dir=${account}`);
    t.after(async () => {
      nmi.kill("SIGTERM");
      await nmi.ended();
    });
    return nmi;
  }

  it("loses it, and no other, once its agent is ready", async (t) => {
    await taint();
    const nmi = await startNmi(t, world.node);
    await nmi.said("node untainted");
    assert.deepEqual(
      await keys(),
      others.map(({ key }) => key),
    );
    assert.ok(
      nmi.lines.findIndex(({ msg }) => msg === "ready") <
        nmi.lines.findIndex(({ msg }) => msg === "node untainted"),
    );
  });

  it("keeps it from an agent whose token is of another node", async (t) => {
    await taint();
    const elsewhere = uniqueName("node");
    await succeed(
      plane()
        .api()
        .post("/api/v1/nodes", { metadata: { name: elsewhere } }),
    );
    const nmi = await startNmi(t, elsewhere);
    const line = await nmi.said("the node's startup taint was not removed");
    assert.match(String(at(line, "problem")), /NMI may change its own node alone/);
    assert.ok((await keys()).includes(ours.key));
    await waitFor(async () => (await nmi.probe("/readyz")).status === 200, "it is ready all the same");
  });
});
