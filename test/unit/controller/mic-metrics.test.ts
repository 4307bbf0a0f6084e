import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createMicMetrics, type MicMetrics } from "../../../src/controller/mic-metrics.ts";
import type { Cluster } from "../../../src/controller/ports.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createFakeCluster, createFakeCompute, type FakeCluster, type FakeCompute } from "./fakes.ts";
import { makeAssigned, makeIdentity, makePod } from "./objects.ts";

interface Scene {
  readonly clock: SimulatedClock;
  readonly cluster: FakeCluster;
  readonly compute: FakeCompute;
  readonly mic: MicMetrics;
  /** The counted cluster. */
  readonly counted: Cluster;
  /** `name{labels} value` of MIC's series whose name begins so. */
  readonly series: (begin: string) => Promise<readonly string[]>;
}

function createScene(): Scene {
  const clock = createSimulatedClock(0);
  const metrics = createMetrics();
  const mic = createMicMetrics(metrics, clock);
  const cluster = createFakeCluster();
  return {
    clock,
    cluster,
    compute: createFakeCompute(),
    mic,
    counted: mic.ofCluster(cluster),
    series: async (begin) =>
      (await metrics.render()).text
        .split("\n")
        .filter((line) => line.startsWith(`aadpodidentity_${begin}`))
        .map((line) => line.slice("aadpodidentity_".length)),
  };
}

const object = makeAssigned(makePod("web-0"), makeIdentity("reader"));
const key = "default/web-0-shop-reader";
const short = "0.01 0.02 0.05 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1 2 3 4 5 10 +Inf";
const long = "0.5 1 5 10 30 60 120 300 600 900 1200 +Inf";

describe("MIC's metrics", () => {
  it("count what was written, with its duration", async () => {
    const { clock, cluster, counted, series } = createScene();
    cluster.subscribe(() => clock.advance(50));
    await counted.createAssignedIdentity(object);
    await counted.replaceAssignedIdentity(object);
    await counted.deleteAssignedIdentity(key);
    await counted.deleteAssignedIdentity(key);
    assert.deepEqual(await series("assigned_identity_addition_count"), [
      "assigned_identity_addition_count 1",
    ]);
    assert.deepEqual(await series("assigned_identity_update_count"), ["assigned_identity_update_count 1"]);
    assert.deepEqual(await series("assigned_identity_deletion_count"), [
      "assigned_identity_deletion_count 2",
    ]);
    assert.deepEqual(await series("assigned_identity_addition_duration_seconds_sum"), [
      "assigned_identity_addition_duration_seconds_sum 0.05",
    ]);
  });

  it("count what the API server refused, by operation, and no duration for it", async () => {
    const { cluster, counted, series } = createScene();
    cluster.deleteAssignedIdentity = () => Promise.reject(new Error("503"));
    await assert.rejects(counted.deleteAssignedIdentity(key));
    await assert.rejects(counted.replaceAssignedIdentity(object));
    await assert.rejects(counted.patchAssignedIdentityStatus(key, { status: "Assigned" }));
    await counted.createAssignedIdentity(object);
    await assert.rejects(counted.createAssignedIdentity(object));
    assert.deepEqual((await series("kubernetes_api_operations_errors_count")).toSorted(), [
      'kubernetes_api_operations_errors_count{operation_type="assigned_identity_addition"} 1',
      'kubernetes_api_operations_errors_count{operation_type="assigned_identity_deletion"} 1',
      'kubernetes_api_operations_errors_count{operation_type="assigned_identity_update"} 1',
      'kubernetes_api_operations_errors_count{operation_type="update_azure_assigned_identity_status"} 1',
    ]);
    assert.deepEqual(await series("assigned_identity_update_count"), ["assigned_identity_update_count 0"]);
  });

  it("count cycles and elections", async () => {
    const { mic, series } = createScene();
    mic.cycle(40_000);
    mic.election();
    assert.deepEqual(await series("mic_cycle_count"), ["mic_cycle_count 1"]);
    assert.ok(
      (await series("mic_cycle_duration_seconds")).includes('mic_cycle_duration_seconds_bucket{le="60"} 1'),
    );
    assert.deepEqual(await series("mic_new_leader_election_count"), ["mic_new_leader_election_count 1"]);
  });

  for (const [name, buckets] of [
    ["assigned_identity_addition", short],
    ["assigned_identity_deletion", short],
    ["assigned_identity_update", short],
    ["mic_cycle", long],
  ] as const) {
    it(`has MIC's buckets: ${name}`, async () => {
      const lines = await createScene().series(`${name}_duration_seconds_bucket`);
      assert.equal(lines.map((line) => /le="([^"]+)"/.exec(line)?.[1]).join(" "), buckets);
    });
  }
});
