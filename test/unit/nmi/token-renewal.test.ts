import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import type { TokenResult } from "../../../src/nmi/ports.ts";
import { failure, kindOf, minuteMs, setUp } from "./cache-world.ts";
import { identity } from "./memory-resources.ts";

describe("a token that grows old", () => {
  it("is renewed from half its life on, while the old one is served", async () => {
    const { world, get } = setUp();
    const first = await get();
    world.clock.advance(30 * minuteMs);
    const gate = Promise.withResolvers<TokenResult>();
    world.next = () => gate.promise;
    assert.deepEqual(await get(), first);
    assert.deepEqual(await get(), first);
    await turn();
    assert.equal(world.calls, 2, "one renewal, whoever asks");
    gate.resolve(world.mint(3600));
    await turn();
    const second = await get();
    assert.notDeepEqual(second, first);
    assert.equal(world.calls, 2);
  });

  it("is not asked for again and again where IMDS gives the same until it has few minutes left", async () => {
    const { world, get } = setUp();
    const same = world.mint(24 * 3600);
    world.next = () => same;
    for (let minute = 0; minute < 23 * 60; minute += 10) {
      await get();
      world.clock.advance(10 * minuteMs);
    }
    assert.ok(world.calls <= 8, `${world.calls} calls in 23 hours`);
  });

  it("is renewed at different times when many came together", async () => {
    const { world, get } = setUp({ random: () => 0.99 });
    await get();
    world.clock.advance(28 * minuteMs);
    await get();
    await turn();
    assert.equal(world.calls, 2);
  });

  it("outlives failed renewals, with a pause after each, down to five minutes", async () => {
    const { world, get } = setUp();
    const first = await get();
    world.next = () => failure("unavailable");
    world.clock.advance(51 * minuteMs);
    assert.deepEqual(await get(), first);
    assert.deepEqual(await get(), first);
    assert.equal(world.calls, 2, "the next try waits a second");
    world.clock.advance(1000);
    assert.deepEqual(await get(), first);
    assert.equal(world.calls, 3);
    world.clock.advance(4 * minuteMs);
    assert.deepEqual(await get(), failure("unavailable"));
  });

  for (const kind of ["throttled", "unavailable", "identityNotFound"] as const) {
    it(`outlives a renewal that ends with "${kind}" in the background`, async () => {
      const { world, get } = setUp();
      const first = await get();
      world.next = () => failure(kind);
      world.clock.advance(40 * minuteMs);
      await get();
      await turn();
      assert.deepEqual(await get(), first);
      assert.equal(world.calls, 2);
    });
  }

  it("does not outlive a refusal", async () => {
    const { world, get } = setUp();
    await get();
    world.next = () => failure("refused");
    world.clock.advance(40 * minuteMs);
    await get();
    await turn();
    assert.deepEqual(await get(), failure("refused"));
    assert.equal(world.calls, 2);
  });

  it("is waited for when fewer than ten minutes are left", async () => {
    const { world, get } = setUp();
    const first = await get();
    world.clock.advance(51 * minuteMs);
    const second = await get();
    assert.notDeepEqual(second, first);
    assert.equal(world.calls, 2);
  });
});

describe("a failure", () => {
  for (const kind of ["credential", "unsupported"] as const) {
    it(`of kind "${kind}" is not kept: it may be put right at any moment`, async () => {
      const { world, get } = setUp();
      world.next = () => failure(kind);
      await get();
      world.next = () => world.mint(3600);
      assert.equal((await get()).ok, true);
    });
  }

  it("of Entra's is not kept here, where nobody sees that the Secret has changed", async () => {
    const { world, get } = setUp();
    const principal = identity("principal", { type: 1 });
    world.next = () => failure("refused");
    await get(principal);
    world.next = () => world.mint(3600);
    assert.equal((await get(principal)).ok, true);
  });

  const rows = [
    { kind: "refused", pausesMs: [30_000, 30_000] },
    { kind: "unavailable", pausesMs: [1000, 2000, 4000, 8000, 8000] },
    { kind: "identityNotFound", pausesMs: [1000, 1000] },
    { kind: "throttled", pausesMs: [3000, 3000] },
  ] as const;
  for (const { kind, pausesMs } of rows) {
    it(`of kind "${kind}" keeps everybody from Azure for ${pausesMs.join(", ")} ms`, async () => {
      const { world, get } = setUp();
      world.next = () => failure(kind);
      await get();
      for (const [index, pauseMs] of pausesMs.entries()) {
        world.clock.advance(pauseMs - 1);
        assert.equal(kindOf(await get()), kind);
        assert.equal(world.calls, index + 1);
        world.clock.advance(1);
        await get();
        assert.equal(world.calls, index + 2);
      }
      world.next = () => world.mint(3600);
      world.clock.advance(5 * minuteMs);
      assert.equal((await get()).ok, true);
    });
  }

  it("keeps the pause that upstream asks for, and counts it down", async () => {
    const { world, get } = setUp();
    world.next = () => failure("throttled", 20);
    await get();
    world.next = () => world.mint(3600);
    world.clock.advance(12_500);
    assert.deepEqual(await get(), {
      ok: false,
      failure: { kind: "throttled", retryAfterSeconds: 8, detail: "throttled" },
    });
    assert.equal(world.calls, 1);
    world.clock.advance(7_500);
    assert.equal((await get()).ok, true);
  });

  it("of IMDS to keep up stops every identity's calls to it, and none of Entra's; tokens at hand are served", async () => {
    const { world, get } = setUp();
    const other = identity("other");
    const first = await get(other);
    world.clock.advance(52 * minuteMs);
    world.next = () => failure("throttled", 60);
    await get();
    assert.equal(kindOf(await get(identity("third"))), "throttled");
    assert.deepEqual(await get(other), first);
    assert.equal(world.calls, 2);
    world.next = () => world.mint(3600);
    assert.equal((await get(identity("principal", { type: 1 }))).ok, true);
  });
});
