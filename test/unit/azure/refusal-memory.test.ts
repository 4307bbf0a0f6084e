import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, serveScript } from "./loopback.ts";
import { entraToken, resource, secretsOf, signal, sourceAt } from "./principals.ts";
import { principal, startMs } from "./world.ts";

const refusal = json(401, {
  error: "invalid_client",
  error_description: "AADSTS7000215: Invalid client secret provided.",
  error_codes: [7000215],
});

/** An Entra that takes the secret "right" only, and a Secret that a test may correct. */
async function setUp(t: TestContext) {
  const clock = createSimulatedClock(startMs);
  const state = { secret: "wrong", isHealed: false };
  const entra = await serveScript(t, ({ body }) =>
    state.isHealed || body.includes("client_secret=right") ? json(200, entraToken) : refusal,
  );
  const source = sourceAt({
    clock,
    authorityUrl: entra.url,
    readSecret: (namespace, name) => secretsOf({ clientSecret: state.secret })(namespace, name),
  });
  const ask = async (spec: Parameters<typeof principal>[0] = {}, of = resource): Promise<string> => {
    const result = await source.acquire({ identity: principal(spec), resource: of, signal });
    return result.ok ? "token" : result.failure.kind;
  };
  return { clock, state, ask, calls: () => entra.requests.length };
}

describe("what Entra refuses for good", () => {
  it("is not asked for again for 30 s, which costs Entra one call however many ask", async (t) => {
    const { clock, state, ask, calls } = await setUp(t);
    for (let i = 0; i < 10; i += 1) assert.equal(await ask(), "refused");
    clock.advance(29_999);
    assert.equal(await ask(), "refused");
    assert.equal(calls(), 1);
    state.isHealed = true;
    clock.advance(1);
    assert.equal(await ask(), "token");
  });

  it("is asked for at once when the Secret has been corrected", async (t) => {
    const { state, ask, calls } = await setUp(t);
    assert.equal(await ask(), "refused");
    state.secret = "right";
    assert.equal(await ask(), "token");
    assert.equal(calls(), 2);
  });

  it("does not stand for another resource, application or tenant", async (t) => {
    const { ask, calls } = await setUp(t);
    await ask();
    await ask({}, "https://storage.azure.com");
    await ask({ clientID: "20000000-0000-4000-8000-000000000002" });
    await ask({ tenantID: "00000000-0000-4000-8000-00000000000c" });
    assert.equal(calls(), 4);
  });
});
