import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { AzureIdentity } from "../../../src/engine/resources.ts";
import type { TokenFailure, TokenResult } from "../../../src/nmi/ports.ts";
import { createSlots } from "../../../src/nmi/slots.ts";
import { createTokenCache } from "../../../src/nmi/token-cache.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { mintToken } from "./daemon.ts";
import { identity } from "./memory-resources.ts";

const minuteMs = 60_000;
const reader = identity("reader");

function failure(kind: TokenFailure["kind"], retryAfterSeconds: number | null = null): TokenResult {
  return { ok: false, failure: { kind, retryAfterSeconds, detail: kind } };
}

/** A cache over a source that answers what `next` says, by default a token that lives for an hour. */
function setUp() {
  const clock = createSimulatedClock(Date.parse("2026-06-14T22:00:00Z"));
  const stop = new AbortController();
  const mint = (lifetimeSeconds: number): TokenResult => ({
    ok: true,
    token: mintToken(clock.nowMs() / 1000, lifetimeSeconds),
  });
  const world = {
    clock,
    stop,
    mint,
    calls: 0,
    fetched: [] as string[],
    next: (): TokenResult | Promise<TokenResult> => mint(3600),
  };
  const cache = createTokenCache({
    clock,
    log: createSilentLog(),
    imdsSlots: createSlots(4),
    stopped: stop.signal,
    onFetch: (result) => void world.fetched.push(result),
    tokens: {
      acquire: async () => {
        world.calls += 1;
        return world.next();
      },
    },
  });
  const get = (of: AzureIdentity = reader, resource = "r"): Promise<TokenResult> => cache.get(of, resource);
  return { world, get };
}

describe("createTokenCache", () => {
  it("asks once for requests that come together, and not again while the token is young", async () => {
    const { world, get } = setUp();
    const results = await Promise.all([get(), get(), get()]);
    assert.equal(new Set(results.map((result) => result.ok && result.token.accessToken)).size, 1);
    world.clock.advance(50 * minuteMs);
    await get();
    assert.equal(world.calls, 1);
    assert.deepEqual(world.fetched, ["ok"]);
  });

  it("keeps tokens apart by resource, identity and what the identity points at", async () => {
    const { world, get } = setUp();
    await get();
    await get(reader, "R");
    await get(identity("writer"));
    await get(identity("reader", { clientID: "other" }));
    await get(identity("reader", { tenantID: "other" }));
    assert.equal(world.calls, 5);
    await get(identity("reader"));
    assert.equal(world.calls, 5, "a new resourceVersion alone changes nothing");
  });

  it("renews below ten minutes, and bridges an outage with the old token down to five", async () => {
    const { world, get } = setUp();
    const first = await get();
    world.next = () => failure("unavailable");
    world.clock.advance(51 * minuteMs);
    assert.deepEqual(await get(), first);
    assert.equal(world.calls, 2);
    assert.deepEqual(await get(), first);
    assert.equal(world.calls, 2, "the next try waits ten seconds");
    world.clock.advance(5 * minuteMs);
    assert.deepEqual(await get(), failure("unavailable"));
  });

  it("takes the renewed token", async () => {
    const { world, get } = setUp();
    const first = await get();
    world.clock.advance(51 * minuteMs);
    const second = await get();
    assert.notDeepEqual(second, first);
    assert.deepEqual(await get(), second);
    assert.equal(world.calls, 2);
  });

  it("does not bridge a refusal, and forgets the token", async () => {
    const { world, get } = setUp();
    await get();
    world.next = () => failure("refused");
    world.clock.advance(51 * minuteMs);
    assert.deepEqual(await get(), failure("refused"));
    assert.deepEqual(await get(), failure("refused"));
    assert.equal(world.calls, 3);
  });

  it("does not hand out a token with less than five minutes left", async () => {
    const { world, get } = setUp();
    world.next = () => world.mint(299);
    const result = await get();
    assert.equal(result.ok ? "token" : result.failure.kind, "unavailable");
  });

  for (const kind of ["identityNotFound", "refused", "unavailable", "credential", "unsupported"] as const) {
    it(`does not keep "${kind}"`, async () => {
      const { world, get } = setUp();
      world.next = () => failure(kind);
      await get();
      world.next = () => world.mint(3600);
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

  it("gives up on a call after 15 s, even if the source ignores its signal", async () => {
    const { world, get } = setUp();
    world.next = () => Promise.withResolvers<TokenResult>().promise;
    const result = get();
    world.clock.advance(15_000);
    const settled = await result;
    assert.equal(settled.ok ? "token" : settled.failure.kind, "unavailable");
    assert.equal(world.clock.nextTimerInMs(), null);
  });

  it("turns a throw into unavailable, without the thrown text", async () => {
    const { world, get } = setUp();
    world.next = () => Promise.reject(new Error("canary"));
    const result = await get();
    assert.equal(result.ok ? "token" : result.failure.kind, "unavailable");
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

  it("stays bounded: the entry that was filled longest ago goes first", async () => {
    const { world, get } = setUp();
    for (let index = 0; index <= 2_000; index += 1) await get(reader, `r${index}`);
    assert.equal(world.calls, 2_001);
    await get(reader, "r1");
    assert.equal(world.calls, 2_001);
    await get(reader, "r0");
    assert.equal(world.calls, 2_002);
  });
});
