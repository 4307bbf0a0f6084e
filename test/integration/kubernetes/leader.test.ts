import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";

import { z } from "zod";

import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { type ClusterWorld, createAccess, startClusterWorld } from "./cluster-world.ts";
import type { DaemonProcess } from "./daemon-process.ts";

const plane = useControlPlane();
const leaseMs = 15_000;
const graceMs = 5_000;

describe("of two controllers", () => {
  let world: ClusterWorld;
  let namespace: string;

  before(async () => {
    world = await startClusterWorld(plane());
    namespace = await createNamespace(plane().api(), "leader");
    await createAccess(plane(), namespace, { selector: "worker" });
  });
  after(async () => world.close());

  async function startTwo(t: TestContext): Promise<{ leader: DaemonProcess; follower: DaemonProcess }> {
    const leader = await world.startController();
    await leader.said("leading");
    const follower = await world.startController();
    await follower.said("waiting to become leader");
    t.after(async () => {
      for (const daemon of [leader, follower]) daemon.kill("SIGKILL");
      await Promise.all([leader.ended(), follower.ended()]);
    });
    return { leader, follower };
  }

  const startPod = (name: string, ip: string) =>
    createFakeKubelet(plane().api()).startPod({
      namespace,
      name,
      node: world.node,
      labels: { aadpodidbinding: "worker" },
      ip,
    });

  it("one acts; when it is killed the other does within the lease and 5 s, and nothing twice", async (t) => {
    const { leader, follower } = await startTwo(t);
    await startPod("first", "127.0.8.1");
    await waitFor(async () => world.identitiesOnVm().length === 1, "the identity on the VM");
    assert.equal(
      follower.lines.some(({ msg }) => msg === "leading"),
      false,
    );
    assert.deepEqual(await dutyOf(leader), { health: "Active", ready: 200, doing: "leading" });
    const standing = "standing by: another controller leads, or none yet";
    assert.deepEqual(await dutyOf(follower), { health: "Not Active", ready: 200, doing: standing });
    leader.kill("SIGKILL");
    const killedAt = Date.now();
    const pod = await startPod("second", "127.0.8.2");
    await follower.said("leading", leaseMs + graceMs);
    t.diagnostic(`the other led ${Date.now() - killedAt} ms after SIGKILL`);
    assert.deepEqual(await dutyOf(follower), { health: "Active", ready: 200, doing: "leading" });
    await waitFor(async () => (await stateOf(pod.name)) === "Assigned", "the second pod's identity");
    // Both pods use one identity, which was on the VM already: one PATCH in all.
    assert.deepEqual(world.patches(), ["+reader"]);
    await waitFor(async () => (await elections()).length >= 2, "events of both elections");
    assert.match((await elections())[0] ?? "", /^LeaderElection \S+ became leader$/);
    const { body } = await follower.probe("/metrics");
    assert.match(body, /^aadpodidentity_mic_new_leader_election_count 1$/m);
    assert.match(body, /^aadpodidentity_assigned_identity_addition_count [1-9]/m);
    assert.match(body, /^aadpodidentity_mic_cycle_duration_seconds_bucket\{le="0.5"\} /m);
  });

  it("the one that is asked to end hands over within 2 s", async (t) => {
    const { leader, follower } = await startTwo(t);
    leader.kill("SIGTERM");
    const askedAt = Date.now();
    await follower.said("leading");
    t.diagnostic(`the other led ${Date.now() - askedAt} ms after SIGTERM`);
    assert.deepEqual(await leader.ended(), { code: 0, stderr: "" });
    assert.ok(Date.now() - askedAt < leaseMs, "by the release, not by the lease's end");
  });

  async function stateOf(pod: string): Promise<string> {
    const shown = await plane().kubectl([
      "get",
      "azureassignedidentity",
      `${pod}-${namespace}-reader`,
      "-n",
      "default",
      "-o",
      "jsonpath={.status.status}",
    ]);
    return shown.stdout;
  }
});

/** What a controller says of itself. */
async function dutyOf(daemon: DaemonProcess): Promise<object> {
  const { body: health } = await daemon.probe("/healthz");
  const { status, body } = await daemon.probe("/readyz");
  return {
    health,
    ready: status,
    doing: z.looseObject({ doing: z.string() }).parse(JSON.parse(body)).doing,
  };
}

/** Reason and note of the events about the Lease. */
async function elections(): Promise<readonly string[]> {
  const path = '{range .items[?(@.involvedObject.kind=="Lease")]}{.reason} {.message}{"\\n"}{end}';
  const shown = await plane().kubectl(["get", "events", "-n", "podid-system", "-o", `jsonpath=${path}`]);
  return shown.stdout.split("\n").filter((line) => line.startsWith("LeaderElection"));
}
