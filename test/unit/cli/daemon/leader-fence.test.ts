import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { fenceCluster, fenceCompute } from "../../../../src/cli/daemon/leader-fence.ts";
import type { Cluster, Compute } from "../../../../src/controller/ports.ts";

function recordingCompute(calls: string[]): Compute {
  return {
    getIdentities: async () => {
      calls.push("get");
      return { ok: true, identities: [] };
    },
    changeIdentities: async () => {
      calls.push("change");
      return { ok: true, identities: [] };
    },
  };
}

function recordingCluster(calls: string[]): Cluster {
  const write = (name: string) => async () => void calls.push(name);
  return {
    list: () => [],
    get: () => undefined,
    subscribe: () => () => undefined,
    statusOf: () => undefined,
    createAssignedIdentity: async () => {
      calls.push("create");
      return assert.fail("no test needs what it answers");
    },
    replaceAssignedIdentity: write("replace"),
    patchAssignedIdentityStatus: write("patch"),
    deleteAssignedIdentity: write("delete"),
    applyBindingStatus: write("bindingStatus"),
    applyGrantStatus: write("grantStatus"),
    recordEvent: () => void calls.push("event"),
  };
}

describe("a controller that may no longer lead", () => {
  it("still reads a machine, and changes none", async () => {
    const calls: string[] = [];
    const fenced = fenceCompute(recordingCompute(calls), () => false);
    const { signal } = new AbortController();
    assert.equal((await fenced.getIdentities("vm", signal)).ok, true);
    const change = await fenced.changeIdentities("vm", { add: ["a"], remove: [] }, signal);
    assert.equal(change.ok ? "done" : change.failure.kind, "unavailable");
    assert.deepEqual(calls, ["get"]);
  });

  it("writes nothing to the cluster", async () => {
    const calls: string[] = [];
    const fenced = fenceCluster(recordingCluster(calls), () => false);
    const writes = [
      fenced.patchAssignedIdentityStatus("ns/a", {}),
      fenced.deleteAssignedIdentity("ns/a"),
      fenced.applyBindingStatus("ns/b", {}),
      fenced.applyGrantStatus("ns/g", {}),
    ];
    const settled = await Promise.allSettled(writes);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ["rejected", "rejected", "rejected", "rejected"],
    );
    assert.deepEqual(calls, []);
  });

  it("is asked at each effect, not once", async () => {
    const calls: string[] = [];
    let leads = true;
    const fenced = fenceCluster(recordingCluster(calls), () => leads);
    await fenced.deleteAssignedIdentity("ns/a");
    leads = false;
    await assert.rejects(fenced.deleteAssignedIdentity("ns/b"));
    assert.deepEqual(calls, ["delete"]);
  });

  it("is asked in the same breath as the effect is begun", async () => {
    const calls: string[] = [];
    const fenced = fenceCluster(recordingCluster(calls), () => true);
    const pending = fenced.deleteAssignedIdentity("ns/a");
    assert.deepEqual(calls, ["delete"]);
    await pending;
  });
});
