import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { TokenResult } from "../../../src/nmi/ports.ts";
import { kindOf, minuteMs, reader, setUp } from "./cache-world.ts";
import { mintToken } from "./daemon.ts";
import { identity } from "./memory-resources.ts";

describe("createTokenCache", () => {
  it("asks once for requests that come together, and not again while the token is young", async () => {
    const { world, get } = setUp();
    const results = await Promise.all([get(), get(), get()]);
    assert.equal(new Set(results.map((result) => result.ok && result.token.accessToken)).size, 1);
    world.clock.advance(29 * minuteMs);
    await get();
    assert.equal(world.calls, 1);
    assert.deepEqual(world.fetched, ["ok"]);
  });

  it("keeps tokens apart by resource, identity and what the identity points at", async () => {
    const { world, get } = setUp();
    await get();
    await get(reader, "R");
    await get(identity("writer"));
    await get(identity("third", { clientID: "other" }));
    await get(identity("fourth", { clientID: "other", tenantID: "other" }));
    assert.equal(world.calls, 5);
    await get(identity("reader"));
    assert.equal(world.calls, 5, "a new resourceVersion alone changes nothing");
  });

  it("does not hand out a token with less than five minutes left", async () => {
    const { world, get } = setUp();
    world.next = () => world.mint(299);
    assert.equal(kindOf(await get()), "unavailable");
  });

  it("gives up on a call after 15 s, even if the source ignores its signal", async () => {
    const { world, get } = setUp();
    world.next = () => Promise.withResolvers<TokenResult>().promise;
    const calls = world.clock.timerStarted(15_000);
    const result = get();
    await calls;
    world.clock.advance(15_000);
    assert.equal(kindOf(await result), "unavailable");
    assert.equal(world.clock.nextTimerInMs(), null);
  });

  it("gives up on a call that gets no turn within 45 s, and leaves the queue", async () => {
    const { world, get } = setUp({ imdsSlots: { run: () => Promise.withResolvers<never>().promise } });
    const result = get();
    world.clock.advance(45_000);
    assert.equal(kindOf(await result), "unavailable");
    assert.equal(world.clock.nextTimerInMs(), null);
  });

  it("turns a throw into unavailable, without the thrown text", async () => {
    const { world, get } = setUp();
    world.next = () => Promise.reject(new Error("canary"));
    const result = await get();
    assert.equal(kindOf(result), "unavailable");
    assert.doesNotMatch(JSON.stringify(result), /canary/);
  });

  it("ends its calls when the daemon stops", async () => {
    const { world, get } = setUp();
    world.next = () => Promise.withResolvers<TokenResult>().promise;
    const result = get();
    world.stop.abort(new Error("stopped"));
    assert.equal((await result).ok, false);
    assert.equal(world.clock.nextTimerInMs(), null);
  });
});

describe("what is kept", () => {
  it("goes with its identity", async () => {
    const { world, resources, get } = setUp();
    await get();
    resources.remove("AzureIdentity", "shop/reader");
    await get();
    assert.equal(world.calls, 2);
  });

  it("goes when its identity is edited, even if it is edited back", async () => {
    const { world, get } = setUp();
    await get();
    await get(identity("reader", { clientID: "other" }));
    await get(reader);
    assert.equal(world.calls, 3);
  });

  it("does not come from a call during which its identity was edited or deleted", async () => {
    const { world, resources, get } = setUp();
    world.next = () => {
      resources.remove("AzureIdentity", "shop/reader");
      return world.mint(3600);
    };
    assert.equal((await get()).ok, true);
    world.next = () => world.mint(3600);
    await get();
    assert.equal(world.calls, 2);
  });

  it("is dropped on demand", async () => {
    const { world, cache, get } = setUp();
    await get();
    cache.drop(reader, "r");
    await get();
    assert.equal(world.calls, 2);
  });

  it("is dropped when nobody has asked for an hour", async () => {
    const { world, get } = setUp();
    world.next = () => world.mint(24 * 3600);
    await get();
    for (let i = 0; i < 3; i += 1) {
      world.clock.advance(59 * minuteMs);
      await get();
    }
    assert.equal(world.calls, 1);
    world.clock.advance(60 * minuteMs);
    await get();
    assert.equal(world.calls, 2);
  });

  it("is bounded in number: what was used longest ago goes first", async () => {
    const { world, get } = setUp();
    const identities = Array.from({ length: 21 }, (_, index) => identity(`i${index}`));
    for (const one of identities) for (let r = 0; r < 100; r += 1) await get(one, `r${r}`);
    assert.equal(world.calls, 2_100);
    await get(identities[20], "r99");
    await get(identities[2], "r0");
    assert.equal(world.calls, 2_100);
    await get(identities[0], "r0");
    assert.equal(world.calls, 2_101);
  });

  it("is bounded in bytes", async () => {
    const { world, get } = setUp();
    const large = "x".repeat(60_000);
    world.next = () => ({
      ok: true,
      token: { ...mintToken(world.clock.nowMs() / 1000, 3600), accessToken: large },
    });
    for (let r = 0; r < 150; r += 1) await get(reader, `r${r}`);
    await get(reader, "r149");
    assert.equal(world.calls, 150);
    await get(reader, "r0");
    assert.equal(world.calls, 151);
  });

  it("is bounded for each identity, so that no pod pushes out what the others have", async () => {
    const { world, get } = setUp();
    await get(identity("other"));
    for (let r = 0; r < 2_000; r += 1) await get(reader, `r${r}`);
    await get(reader, "r1999");
    await get(identity("other"));
    assert.equal(world.calls, 2_001);
    await get(reader, "r1799");
    assert.equal(world.calls, 2_002);
  });
});

describe("calls in one identity's name", () => {
  it("are 16 at once at most, so that the others get theirs", async () => {
    const { world, get } = setUp();
    const gate = Promise.withResolvers<TokenResult>();
    world.next = () => gate.promise;
    const asked = Array.from({ length: 16 }, (_, r) => get(reader, `r${r}`));
    assert.equal(kindOf(await get(reader, "r16")), "throttled");
    const joined = get(reader, "r0");
    gate.resolve(world.mint(3600));
    for (const { ok } of await Promise.all([...asked, joined])) assert.equal(ok, true);
    assert.equal((await get(reader, "r16")).ok, true);
  });
});
