import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createLeaseWorld, unreachable } from "./lease-world.ts";

describe("the lease elector, as a candidate", () => {
  it("creates the lease and leads, with its name in it and times the API server takes", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(0);
    assert.equal(one.epoch(), 0);
    assert.equal(one.elector.isLeader(), true);
    assert.deepEqual(server.lease()?.spec, {
      holderIdentity: "podid-0_000000000000",
      leaseDurationSeconds: 15,
      acquireTime: "2026-06-14T22:30:00.123000Z",
      renewTime: "2026-06-14T22:30:00.123000Z",
      leaseTransitions: 0,
    });
  });

  it("waits while another renews, however old the times in the record are", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.set({});
    const one = join("podid-0");
    for (let i = 0; i < 10; i += 1) {
      await pass(10);
      server.set({ renewTime: `2020-01-01T00:00:${10 + i}.000000Z` });
    }
    assert.equal(one.epoch(), null);
    assert.equal(one.elector.isLeader(), false);
  });

  it("takes a lease that it has not seen change for 15 s, and counts the change of holder", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.set({ renewTime: "2099-01-01T00:00:00.000000Z" });
    const one = join("podid-0");
    await pass(14.9);
    assert.equal(one.epoch(), null);
    await pass(2.1);
    assert.equal(one.epoch(), 5);
    assert.equal(server.lease()?.spec.leaseTransitions, 5);
  });

  it("is not kept waiting by somebody who changes only labels, and keeps those", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.set({});
    const one = join("podid-0");
    for (let i = 0; i < 4; i += 1) {
      await pass(5);
      if (one.epoch() === null) server.set({}, { round: String(i) });
    }
    assert.equal(one.epoch(), 5);
    assert.equal(server.lease()?.metadata.labels?.["round"], "2");
  });

  for (const [written, seconds] of [
    [1, 15],
    [30, 30],
    [1e9, 60],
  ] as const) {
    it(`waits ${seconds} s for a holder who wrote a lease of ${written} s`, async (t) => {
      const { server, join, pass } = createLeaseWorld(t);
      server.set({ leaseDurationSeconds: written });
      const one = join("podid-0");
      await pass(seconds - 0.1);
      assert.equal(one.epoch(), null);
      await pass(2.1);
      assert.equal(one.epoch(), 5);
    });
  }

  it("takes a released lease within 2 s, even with the longest jitter", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.set({});
    const one = join("podid-0", { random: 0.999 });
    await pass(0.1);
    server.set({ holderIdentity: "", leaseDurationSeconds: 1 });
    await pass(2);
    assert.equal(one.epoch(), 5);
  });

  it("leaves the lease to one who was faster by a blink", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.set({ holderIdentity: "" });
    server.before(({ method }) => {
      if (method === "PUT") server.set({ holderIdentity: "faster", leaseTransitions: 5 });
    });
    const one = join("podid-0");
    await pass(1);
    assert.equal(one.epoch(), null);
    assert.equal(server.lease()?.spec.holderIdentity, "faster");
  });

  it("leaves the creation to one who was faster by a blink", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.before(({ method }) => {
      if (method === "POST") server.set({});
    });
    const one = join("podid-0");
    await pass(1);
    assert.equal(one.epoch(), null);
  });

  it("goes on trying while the API server does not answer", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.before(unreachable);
    const one = join("podid-0");
    await pass(60);
    assert.equal(one.epoch(), null);
    server.before(null);
    await pass(2);
    assert.equal(one.epoch(), 0);
  });

  it("finds that it won when only the answer was lost", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.set({ holderIdentity: "" });
    server.after(({ method }) => (method === "PUT" ? unreachable() : undefined));
    const one = join("podid-0");
    await pass(1);
    assert.equal(one.epoch(), null);
    server.after(null);
    await pass(1);
    assert.equal(one.epoch(), 5);
    assert.equal(server.lease()?.spec.leaseTransitions, 5);
  });

  it("counts on when the lease was deleted under it", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.set({});
    const one = join("podid-0");
    await pass(1);
    server.set(undefined);
    await pass(2);
    assert.equal(one.epoch(), 5);
  });

  it("gives each call 5 s", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    join("podid-0");
    await pass(10);
    assert.deepEqual(new Set(server.calls.map(({ deadlineMs }) => deadlineMs)), new Set([5000]));
  });

  it("stops without having led", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.set({});
    const one = join("podid-0");
    await pass(3);
    one.stopping.abort();
    await pass(0);
    assert.equal(one.end(), "stopped");
  });

  it("has a released lease within a second, whatever its jitter", async (t) => {
    const { join, pass } = createLeaseWorld(t);
    const one = join("podid-0");
    await pass(0);
    const two = join("podid-1", { random: 0.999 });
    await pass(10.1);
    one.stopping.abort();
    one.drained.resolve();
    await pass(1);
    assert.equal(two.epoch(), 1);
  });

  it("tells why the lease cannot be read or written, until it can", async (t) => {
    const { server, join, pass } = createLeaseWorld(t);
    server.before(unreachable);
    const one = join("podid-0");
    await pass(1);
    assert.match(one.trouble() ?? "", /no answer/);
    server.before(null);
    await pass(2);
    assert.deepEqual([one.epoch(), one.trouble()], [0, null]);
    server.before(unreachable);
    await pass(3);
    assert.match(one.trouble() ?? "", /no answer/, "as the leader too");
  });
});
