import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createLeaseWorld, unreachable } from "./lease-world.ts";

describe("the lease elector, as the leader", () => {
  it("renews every 2 s at most and keeps acquireTime and transitions", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0", { random: 0.999 });
    await pass(60);
    assert.equal(one.elector.isLeader(), true);
    const puts = server.calls.filter(({ method }) => method === "PUT").length;
    assert.ok(puts >= 28 && puts <= 31, `${puts} renewals`);
    const { acquireTime, renewTime, leaseTransitions } = server.lease()?.spec ?? {};
    assert.deepEqual(
      { acquireTime, leaseTransitions },
      {
        acquireTime: "2026-06-14T22:30:00.123000Z",
        leaseTransitions: 0,
      },
    );
    assert.ok((renewTime ?? "") >= "2026-06-14T22:30:58");
  });

  it("stops leading 10 s after the start of its last renewal, and leaves the lease alone", async (t) => {
    const { server, join, pass, clock } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(0);
    server.before(unreachable);
    await pass(9.9);
    assert.deepEqual([one.elector.isLeader(), one.isTold()], [true, false]);
    clock.advance(100);
    assert.deepEqual([one.elector.isLeader(), one.isTold()], [false, true]);
    server.before(null);
    const { calls } = server;
    const before = calls.length;
    one.drained.resolve();
    await pass(5);
    assert.equal(one.end(), "lost");
    assert.equal(calls.length, before, "a lost lease is not released");
  });

  it("is no leader the moment it wakes after standing still, before any timer has run", async (t) => {
    const { join, pass, clock } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(1);
    const stillMs = clock.monotonicMs() + 40_000;
    const frozen = { ...clock, monotonicMs: () => stillMs };
    assert.equal(one.elector.isLeader(), true);
    Object.assign(clock, frozen);
    assert.equal(one.elector.isLeader(), false);
  });

  it("does not come back by a renewal that was answered after the deadline", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(0);
    const late = Promise.withResolvers<void>();
    server.after(() => late.promise);
    await pass(11);
    assert.equal(one.isTold(), true);
    late.resolve();
    await pass(1);
    assert.equal(one.elector.isLeader(), false);
  });

  it("counts a renewal from before its request, not from the answer", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(0);
    const answer = Promise.withResolvers<void>();
    server.after(() => answer.promise);
    await pass(6); // asked at 1.7 s
    server.after(null);
    server.before(unreachable);
    answer.resolve();
    await pass(5.5);
    assert.equal(one.elector.isLeader(), true);
    await pass(0.3);
    assert.equal(one.elector.isLeader(), false);
  });

  it("is told at once when another has taken the lease", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(1);
    server.set({ holderIdentity: "usurper", leaseTransitions: 1 });
    await pass(1);
    assert.deepEqual([one.elector.isLeader(), one.isTold()], [false, true]);
    one.drained.resolve();
    await pass(1);
    assert.equal(one.end(), "lost");
    assert.equal(server.lease()?.spec.holderIdentity, "usurper");
  });

  it("stays leader when somebody labels its lease, or when the answer to a renewal got lost", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(1);
    server.set({}, { team: "web" });
    await pass(3);
    server.after(({ method }) => (method === "PUT" ? unreachable() : undefined));
    await pass(5);
    server.after(null);
    await pass(20);
    assert.equal(one.elector.isLeader(), true);
    assert.equal(server.lease()?.metadata.labels?.["team"], "web");
  });

  it("writes its lease anew when somebody deleted it", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(1);
    server.set(undefined);
    await pass(20);
    assert.equal(one.elector.isLeader(), true);
    assert.equal(server.lease()?.spec.acquireTime, "2026-06-14T22:30:00.123000Z");
  });

  it("keeps the lease while it drains, and releases it only then", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(1);
    one.stopping.abort();
    await pass(30);
    assert.deepEqual([one.isTold(), one.elector.isLeader(), one.end()], [true, true, null]);
    one.drained.resolve();
    await pass(0);
    assert.deepEqual([one.elector.isLeader(), one.end()], [false, "stopped"]);
    const { holderIdentity, leaseDurationSeconds, leaseTransitions } = server.lease()?.spec ?? {};
    assert.deepEqual([holderIdentity, leaseDurationSeconds, leaseTransitions], ["", 1, 0]);
  });

  it("is no leader any more while the release is under way", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(1);
    const held = Promise.withResolvers<void>();
    server.before(() => held.promise);
    one.drained.resolve();
    await pass(0);
    assert.deepEqual([one.elector.isLeader(), one.end()], [false, null]);
    held.resolve();
    await pass(0);
    assert.equal(one.end(), "finished");
  });

  it("releases and passes on what the work throws", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(1);
    one.drained.reject(new Error("the work broke"));
    await pass(0);
    assert.equal(one.end(), "Error: the work broke");
    assert.equal(server.lease()?.spec.holderIdentity, "");
  });
});

describe("several lease electors", () => {
  it("follow one another, never two at a time, each with a larger epoch", async (t) => {
    const { join, pass } = createLeaseWorld(t);
    const all = [0, 0.3, 0.6].map((random, index) => join(`podid-${index}`, { random }));
    const epochs: (number | null)[] = [];
    for (let round = 0; round < 3; round += 1) {
      await pass(20);
      const leaders = all.filter(({ elector }) => elector.isLeader());
      assert.equal(leaders.length, 1);
      epochs.push(leaders[0]?.epoch() ?? null);
      leaders[0]?.stopping.abort();
      leaders[0]?.drained.resolve();
    }
    assert.deepEqual(epochs, [0, 1, 2]);
  });
});
