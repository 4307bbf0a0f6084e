import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";

import {
  demandLead,
  fenceApi,
  fenceCluster,
  fenceCompute,
  followLeadership,
  type Leadership,
} from "../../../../src/cli/daemon/leader-fence.ts";
import type { Cluster, Compute } from "../../../../src/controller/ports.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";
import { waitFor } from "../../../control-plane/wait.ts";
import { json, useLoopback } from "../../kubernetes/loopback-api.ts";

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

interface Office extends Leadership {
  /** As after standing still: the lease has run out, and no timer has told so yet. */
  expire(): void;
  /** The process is to end: it is the leader still. */
  end(): void;
}

function office(): Office {
  const ending = new AbortController();
  let leads = true;
  return {
    isLeader: () => leads,
    leading: () => ending.signal,
    expire: () => void (leads = false),
    end: () => ending.abort(new Error("asked to end")),
  };
}

const nobody: Leadership = { isLeader: () => false, leading: () => new AbortController().signal };
const clock = createSimulatedClock(0);

describe("a controller that may no longer lead", () => {
  it("still reads a machine, and changes none", async () => {
    const calls: string[] = [];
    const fenced = fenceCompute(recordingCompute(calls), nobody);
    const { signal } = new AbortController();
    assert.equal((await fenced.getIdentities("vm", signal)).ok, true);
    const change = await fenced.changeIdentities("vm", { add: ["a"], remove: [] }, signal);
    assert.equal(change.ok ? "done" : change.failure.kind, "unavailable");
    assert.deepEqual(calls, ["get"]);
  });

  it("writes nothing to the cluster", async () => {
    const calls: string[] = [];
    const fenced = fenceCluster(recordingCluster(calls), nobody, clock);
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
    const leadership = office();
    const fenced = fenceCluster(recordingCluster(calls), leadership, clock);
    await fenced.deleteAssignedIdentity("ns/a");
    leadership.expire();
    await assert.rejects(fenced.deleteAssignedIdentity("ns/b"));
    assert.deepEqual(calls, ["delete"]);
  });

  it("does not wait long for what it wrote to come back", async () => {
    const leadership = office();
    const never = new Promise<never>(() => undefined);
    const cluster = { ...recordingCluster([]), deleteAssignedIdentity: () => never };
    const writing = fenceCluster(cluster, leadership, clock).deleteAssignedIdentity("ns/a");
    leadership.end();
    clock.advance(500);
    await assert.rejects(writing, /another controller leads now/);
  });
});

/** A server whose answers wait for `answer`, and a fenced client with these limits. */
async function start(
  t: TestContext,
  limits: { rate?: { perSecond: number; burst: number }; connections?: number },
) {
  const open: ServerResponse[] = [];
  const time = createSimulatedClock(0);
  const { api, seen } = await useLoopback(t, (_, response) => void open.push(response), {
    ...limits,
    clock: time,
  });
  const leadership = office();
  const fenced = fenceApi(api, leadership, time);
  const write = (path: string): Promise<string> =>
    fenced.call({ method: "POST", path, body: {} }).then(
      () => "written",
      (error: unknown) => String(error).replace(/.*: /, ""),
    );
  const answer = (): void => {
    for (const response of open.splice(0)) json(response, 200, {});
  };
  const paths = (): readonly string[] => seen.map(({ url }) => url);
  const arrived = (count: number) => waitFor(async () => seen.length === count, `${count} requests`);
  return { fenced, leadership, time, write, answer, paths, arrived };
}

describe("a write to the API server", () => {
  it("whose turn comes when leadership has run out does not go out", async (t) => {
    const { leadership, time, write, answer, paths, arrived } = await start(t, {
      rate: { perSecond: 10, burst: 1 },
    });
    const writes = [write("/first"), write("/second"), write("/third")];
    await arrived(1);
    leadership.expire();
    answer();
    time.advance(1000);
    assert.deepEqual(await Promise.all(writes), [
      "written",
      "another controller leads now",
      "another controller leads now",
    ]);
    assert.deepEqual(paths(), ["/first"]);
  });

  it("that gets its connection when leadership has run out does not go out", async (t) => {
    const { leadership, write, answer, paths, arrived } = await start(t, { connections: 1 });
    const writes = [write("/first"), write("/second")];
    await arrived(1);
    leadership.expire();
    answer();
    assert.deepEqual(await Promise.all(writes), ["written", "another controller leads now"]);
    assert.deepEqual(paths(), ["/first"]);
  });

  it("that waits is dropped at once when leading ends, and what is on its way may arrive", async (t) => {
    const { leadership, write, answer, arrived } = await start(t, { rate: { perSecond: 0.001, burst: 1 } });
    const first = write("/first");
    const second = write("/second");
    await arrived(1);
    leadership.end();
    assert.equal(await second, "another controller leads now");
    answer();
    assert.equal(await first, "written");
  });

  it("that is on its way is cut off after half a second", async (t) => {
    const { leadership, write, time, arrived } = await start(t, {});
    const first = write("/first");
    await arrived(1);
    leadership.end();
    time.advance(500);
    assert.equal(await first, "another controller leads now");
  });

  it("of an earlier time in office does not go out in a later one", async (t) => {
    const { api, seen } = await useLoopback(t, (_, response) => json(response, 200, {}), {
      rate: { perSecond: 10, burst: 1 },
    });
    const terms = [new AbortController(), new AbortController()];
    const until = (async (signal, lead) => {
      await lead(signal);
      return "lost";
    }) satisfies Parameters<typeof followLeadership>[0];
    const { elect, ...leadership } = followLeadership(until, () => true);
    assert.throws(() => demandLead(leadership), /another controller leads now/, "before the first time");
    const fenced = fenceApi(api, leadership, clock);
    const outcomes: Promise<PromiseSettledResult<unknown>[]>[] = [];
    for (const [index, term] of terms.entries()) {
      await elect(term.signal, async () => {
        const calls = ["a", "b"].map((name) => fenced.call({ method: "POST", path: `/${name}${index}` }));
        outcomes.push(Promise.allSettled(calls));
        if (index === 0) term.abort(new Error("lost"));
      });
    }
    await Promise.all(outcomes);
    assert.deepEqual(
      seen.map(({ url }) => url).filter((url) => url.endsWith("0") && url !== "/a0"),
      [],
    );
    assert.deepEqual(
      seen.map(({ url }) => url).filter((url) => url.endsWith("1")),
      ["/a1", "/b1"],
    );
  });

  it("needs leadership, and a read does not", async (t) => {
    const { api, seen } = await useLoopback(t, (_, response) => json(response, 200, {}));
    const fenced = fenceApi(api, nobody, clock);
    await assert.rejects(fenced.call({ method: "PUT", path: "/written" }), /another controller leads now/);
    await fenced.call({ method: "GET", path: "/read" });
    assert.deepEqual(
      seen.map(({ url }) => url),
      ["/read"],
    );
  });
});
