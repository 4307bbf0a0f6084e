import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import type { KubernetesApi } from "../../../src/kubernetes/api.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { createLeaseElector } from "../../../src/kubernetes/lease-elector.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { type Replica, startReplica } from "./replica.ts";
import { connect, createUser } from "./world.ts";

const plane = useControlPlane();
const leases = "/apis/coordination.k8s.io/v1/namespaces";

/** A namespace, and a user who may do there what an elector has to, and nothing else. */
async function prepare(): Promise<{ readonly namespace: string; readonly kubeconfig: string }> {
  const namespace = await createNamespace(plane().api(), "leader");
  const rule = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
  const rules = [
    { ...rule, verbs: ["create"] },
    { ...rule, verbs: ["get", "update"], resourceNames: ["lock"] },
  ];
  return { namespace, kubeconfig: await createUser(plane(), rules, namespace) };
}

/** Two replicas of which the first leads. */
async function startTwo(
  t: TestContext,
  leaseSeconds: number,
): Promise<{
  readonly first: Replica;
  readonly second: Replica;
  readonly holder: () => Promise<string>;
  readonly renewal: () => Promise<string>;
  /** When the present holder took the lease, by the record; unix milliseconds. */
  readonly acquiredMs: () => Promise<number>;
}> {
  const { namespace, kubeconfig } = await prepare();
  const options = { kubeconfig, namespace, leaseSeconds };
  const first = await startReplica(t, { ...options, identity: "podid-0" });
  assert.deepEqual(await first.says("leads"), { what: "leads", epoch: 0, isLeader: true });
  const second = await startReplica(t, { ...options, identity: "podid-1" });
  const field = async (name: string): Promise<string> =>
    textAt(await succeed(plane().api().get(`${leases}/${namespace}/leases/lock`)), "spec", name);
  return {
    first,
    second,
    holder: async () => (await field("holderIdentity")).replace(/_.*/, ""),
    renewal: () => field("renewTime"),
    acquiredMs: async () => Temporal.Instant.from(await field("acquireTime")).epochMilliseconds,
  };
}

describe("the election of a leader, on a real API server", { concurrency: true }, () => {
  it("has one leader, and another within lease + 5 s after that one was killed", async (t) => {
    const { first, second, holder, renewal } = await startTwo(t, 15);
    const renewed = await renewal();
    await waitFor(async () => (await renewal()) !== renewed, "podid-0 renews");
    assert.equal(await holder(), "podid-0");
    assert.deepEqual(
      second.said.map(({ what }) => what),
      ["started"],
    );
    const killedMs = performance.now();
    first.signal("SIGKILL");
    const fact = await second.says("leads", 20_000);
    t.diagnostic(
      `led ${Math.round(performance.now() - killedMs)} ms after the SIGKILL, with a lease of 15 s`,
    );
    assert.deepEqual(fact, { what: "leads", epoch: 1, isLeader: true });
    assert.equal(await holder(), "podid-1");
  });

  it("hands over within 2 s when the leader is stopped", async (t) => {
    const { first, second, holder, acquiredMs } = await startTwo(t, 15);
    const askedMs = Date.now();
    first.signal("SIGTERM");
    assert.deepEqual(await first.says("ended"), { what: "ended", end: "stopped", isLeader: false });
    const fact = await second.says("leads");
    const tookMs = (await acquiredMs()) - askedMs;
    t.diagnostic(`had the lease ${tookMs} ms after SIGTERM`);
    assert.ok(tookMs <= 2_000, `after ${tookMs} ms`);
    assert.deepEqual(fact, { what: "leads", epoch: 1, isLeader: true });
    assert.equal(first.said.find(({ what }) => what === "told")?.isLeader, true, "it drains as the leader");
    assert.equal(await holder(), "podid-1");
  });

  it("has a leader that stood still stop when it wakes, and leave the lease to the next", async (t) => {
    const { first, second, holder } = await startTwo(t, 6);
    first.signal("SIGSTOP");
    await second.says("leads");
    first.signal("SIGCONT");
    assert.deepEqual(await first.says("ended"), { what: "ended", end: "lost", isLeader: false });
    assert.equal(first.said.find(({ what }) => what === "told")?.isLeader, false);
    assert.equal(await holder(), "podid-1");
    assert.deepEqual(
      second.said.map(({ what }) => what),
      ["started", "leads"],
    );
  });

  it("has a leader stop whose lease another has written: its renewal is refused by 409", async (t) => {
    const { namespace, kubeconfig } = await prepare();
    const client = await connect(t, kubeconfig);
    const refused: string[] = [];
    const api: Pick<KubernetesApi, "call"> = {
      call: async (call) => {
        try {
          return await client.call(call);
        } catch (error) {
          if (error instanceof KubernetesError) refused.push(`${call.method} ${error.code}`);
          throw error;
        }
      },
    };
    const elector = createLeaseElector({
      api,
      clock: createSystemClock(),
      log: createSilentLog(),
      random: Math.random,
      namespace,
      name: "lock",
      identity: "podid-0",
    });
    const path = `${leases}/${namespace}/leases/lock`;
    const end = await elector.run(AbortSignal.timeout(60_000), async (leading) => {
      const told = Promise.withResolvers<undefined>();
      leading.addEventListener("abort", () => told.resolve(undefined), { once: true });
      await succeed(
        plane()
          .api()
          .patch(path, { spec: { holderIdentity: "usurper", leaseTransitions: 1 } }),
      );
      await told.promise;
    });
    assert.equal(end, "lost");
    assert.deepEqual(refused, ["GET NotFound", "PUT Conflict"]);
    const lease = await succeed(plane().api().get(path));
    assert.equal(textAt(lease, "spec", "holderIdentity"), "usurper");
  });
});
