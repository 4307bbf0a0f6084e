import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { succeed } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { type ClusterWorld, createAccess, readerClientID, startClusterWorld } from "./cluster-world.ts";
import type { DaemonProcess } from "./daemon-process.ts";

const plane = useControlPlane();

describe("controller and NMI as processes of their own, with only their rights", () => {
  let world: ClusterWorld;
  let controller: DaemonProcess;
  let nmi: DaemonProcess;

  before(async () => {
    world = await startClusterWorld(plane());
    [controller, nmi] = await Promise.all([world.startController(), world.startNmi()]);
    await Promise.all([controller.said("leading"), nmi.said("ready")]);
  });
  after(async () => {
    for (const daemon of [controller, nmi]) daemon.kill("SIGTERM");
    const ends = await Promise.all([controller.ended(), nmi.ended()]);
    await world.close();
    assert.deepEqual(ends, [
      { code: 0, stderr: "" },
      { code: 0, stderr: "" },
    ]);
  });

  it("bring a token to a pod, and take everything back when its window closes", async () => {
    const namespace = await createNamespace(plane().api(), "story");
    const closesAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 25_000);
    const notAfter = closesAt.toISOString().replace(".000Z", "Z");
    const assignment = { keepIfReopensWithin: "0s" };
    await createAccess(plane(), namespace, { selector: "frontend", timeBox: { notAfter, assignment } });
    const kubelet = createFakeKubelet(plane().api());
    const labels = { aadpodidbinding: "frontend" };
    await kubelet.startPod({ namespace, name: "web-0", node: world.node, labels, ip: "127.0.7.1" });

    const open = await world.ask(nmi, "127.0.7.1");
    assert.equal(open.status, 200, open.description);
    assert.equal(open.clientID, readerClientID);
    assert.equal(open.expiresOn, closesAt.getTime() / 1000);
    assert.deepEqual(world.identitiesOnVm(), ["reader"]);
    const shown = await plane().kubectl(["get", "azureidentitybinding", "reads", "-n", namespace]);
    assert.match(shown.stdout, /NAME +AZUREIDENTITY +SELECTOR +OPENWHEN +INFORCE +REASON +NEXT +AGE/);
    await waitFor(
      async () => (await columns(namespace)).includes(`Yes NotLimited ${notAfter}`),
      "kubectl shows the binding in force until its end",
    );

    await waitFor(async () => Date.now() >= closesAt.getTime(), "the end of the window", 60_000);
    const closed = await world.ask(nmi, "127.0.7.1");
    assert.equal(closed.status, 403);
    assert.match(closed.description, /AfterNotAfter/);
    await waitFor(async () => world.identitiesOnVm().length === 0, "the identity off the VM");
    await waitFor(
      async () => (await columns(namespace)).startsWith("No AfterNotAfter"),
      "kubectl shows the binding closed",
    );
    assert.deepEqual(world.patches(), ["+reader", "-reader"]);
    const told = ["IdentityAssigned", "IdentityRemoved", "TimeBoxClosed", "TokenDenied", "TokenIssued"];
    await waitFor(async () => {
      const events = await reasonsOfEvents(namespace);
      return ["binding applied", "binding removed", ...told].every((reason) => events.has(reason));
    }, "kubectl tells what happened");
  });

  it("leave nothing of an unlabelled pod's request but a refusal", async () => {
    const namespace = await createNamespace(plane().api(), "stranger");
    const kubelet = createFakeKubelet(plane().api());
    await kubelet.startPod({ namespace, name: "other-0", node: world.node, ip: "127.0.7.9" });
    const refused = await world.ask(nmi, "127.0.7.9");
    assert.equal(refused.status, 404);
    const objects = await succeed(
      plane().api().get("/apis/aadpodidentity.k8s.io/v1/azureassignedidentities"),
    );
    assert.doesNotMatch(JSON.stringify(objects), /other-0/);
  });

  it("say that they are ready, and count what they hold", async () => {
    assert.equal((await controller.probe("/readyz")).status, 200);
    assert.equal((await nmi.probe("/readyz")).status, 200);
    assert.equal((await controller.probe("/healthz")).body, "Active");
    assert.match((await nmi.probe("/metrics")).body, /podid_grants_believed 1/);
  });
});

/** The reasons of all events in a namespace, as `kubectl get events` has them. */
async function reasonsOfEvents(namespace: string): Promise<ReadonlySet<string>> {
  const template = '{range .items[*]}{.reason}{"\\n"}{end}';
  const shown = await plane().kubectl(["get", "events", "-n", namespace, "-o", `jsonpath=${template}`]);
  return new Set(shown.stdout.split("\n"));
}

/** What `kubectl get` shows of the time box: in force, reason, next. */
async function columns(namespace: string): Promise<string> {
  const path = "{.status.timeBox.inForce} {.status.timeBox.reason} {.status.timeBox.nextTransition}";
  const shown = await plane().kubectl([
    "get",
    "azureidentitybinding",
    "reads",
    "-n",
    namespace,
    "-o",
    `jsonpath=${path}`,
  ]);
  return shown.stdout;
}
