import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { createManagedIdentityTokens } from "../../../src/azure/managed-identity.ts";
import type { AzureIdentity, TokenResult } from "../../../src/azure/token-result.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, type Script, serveScript } from "./loopback.ts";
import { identity, managed, readerClientID, startMs, startWorld, until } from "./world.ts";

const resource = "https://vault.azure.net/";
const signal = new AbortController().signal;
const canary = "eyJhbGciOi.canary-token.sig";
const body = {
  access_token: canary,
  client_id: readerClientID,
  expires_in: "3600",
  expires_on: String(startMs / 1000 + 3600),
  not_before: String(startMs / 1000 - 300),
  resource,
  token_type: "Bearer",
};

const description = (text: string): object => ({ error: "invalid_request", error_description: text });

/** Asks an IMDS that answers `script`. */
async function ask(t: TestContext, script: Script, asked: AzureIdentity = identity()): Promise<TokenResult> {
  const imds = await serveScript(t, () => script);
  const tokens = createManagedIdentityTokens({ clock: createSimulatedClock(startMs), imdsUrl: imds.url });
  return tokens({ identity: asked, resource, signal });
}

describe("managed identities on the emulator", () => {
  const selectors = [
    { name: "client id", asked: identity(), query: { client_id: readerClientID } },
    { name: "resource id", asked: identity({ clientID: "" }), query: { msi_res_id: managed("reader") } },
    {
      name: "object id",
      asked: identity({ clientID: "", resourceID: "", objectID: "11000000-0000-4000-8000-000000000001" }),
      query: { object_id: "11000000-0000-4000-8000-000000000001" },
    },
  ];
  for (const { name, asked, query } of selectors) {
    it(`gets a token by ${name}, asking IMDS each time`, async (t) => {
      const { clock, imdsUrl, emulator } = await startWorld(t);
      const tokens = createManagedIdentityTokens({ clock, imdsUrl });
      const first = await tokens({ identity: asked, resource, signal });
      const second = await tokens({ identity: asked, resource, signal });
      assert.ok(first.ok && second.ok);
      const expected = { "api-version": "2018-02-01", resource, ...query };
      const queries = emulator.journal
        .list()
        .map(({ target }) => Object.fromEntries(new URL(target, "http://imds").searchParams));
      assert.deepEqual(queries, [expected, expected]);
      assert.equal(first.token.expiresOnSeconds, startMs / 1000 + 86_399);
      assert.equal(first.token.notBeforeSeconds, startMs / 1000);
    });
  }

  it("tells an identity that is not on the machine", async (t) => {
    const { clock, imdsUrl } = await startWorld(t);
    const tokens = createManagedIdentityTokens({ clock, imdsUrl });
    const asked = identity({ clientID: "10000000-0000-4000-8000-000000000002" });
    const result = await tokens({ identity: asked, resource, signal });
    assert.ok(!result.ok);
    assert.equal(result.failure.kind, "identityNotFound");
  });

  it("never asks without a selector", async (t) => {
    const { clock, imdsUrl, emulator } = await startWorld(t);
    const tokens = createManagedIdentityTokens({ clock, imdsUrl });
    const result = await tokens({ identity: identity({ clientID: "", resourceID: "" }), resource, signal });
    assert.deepEqual(result, {
      ok: false,
      failure: {
        kind: "refused",
        retryAfterSeconds: null,
        detail: "AzureIdentity shop/reader names no identity: set spec.clientID or spec.resourceID",
      },
    });
    assert.deepEqual(emulator.journal.list(), []);
  });

  it("keeps calls at the same time apart", async (t) => {
    const one = await serveScript(t, () => json(200, { ...body, access_token: "one" }));
    const two = await serveScript(t, () => json(200, { ...body, access_token: "two" }));
    const clock = createSimulatedClock(startMs);
    const results = await Promise.all(
      [one.url, two.url].map((imdsUrl) =>
        createManagedIdentityTokens({ clock, imdsUrl })({ identity: identity(), resource, signal }),
      ),
    );
    assert.deepEqual(
      results.map((result) => result.ok && result.token.accessToken),
      ["one", "two"],
    );
  });
});

describe("answers of IMDS", () => {
  const accepted = [
    { name: "numbers as text", change: {}, notBefore: startMs / 1000 - 300 },
    {
      name: "numbers",
      change: { expires_on: startMs / 1000 + 3600, not_before: startMs / 1000 - 300 },
      notBefore: startMs / 1000 - 300,
    },
    { name: "no not_before", change: { not_before: undefined }, notBefore: startMs / 1000 },
    { name: "no client_id", change: { client_id: undefined }, notBefore: startMs / 1000 - 300 },
    {
      name: "another letter case",
      change: { resource: resource.toUpperCase() },
      notBefore: startMs / 1000 - 300,
    },
  ];
  for (const { name, change, notBefore } of accepted) {
    it(`are taken with ${name}`, async (t) => {
      const result = await ask(t, json(200, { ...body, ...change }));
      const token = {
        accessToken: canary,
        expiresOnSeconds: startMs / 1000 + 3600,
        notBeforeSeconds: notBefore,
      };
      assert.deepEqual(result, { ok: true, token });
    });
  }

  const failures = [
    {
      name: "429 with seconds",
      script: json(429, {}, { "retry-after": "7" }),
      kind: "throttled",
      retryAfter: 7,
    },
    {
      name: "429 with a date",
      script: json(429, {}, { "retry-after": "Sun, 14 Jun 2026 22:00:09 GMT" }),
      kind: "throttled",
      retryAfter: 9,
    },
    { name: "429 without", script: json(429, {}), kind: "throttled", retryAfter: null },
    { name: "404", script: json(404, {}), kind: "unavailable", retryAfter: null },
    { name: "410", script: json(410, {}), kind: "unavailable", retryAfter: null },
    { name: "503", script: json(503, {}, { "retry-after": "2" }), kind: "unavailable", retryAfter: 2 },
    {
      name: "a redirect",
      script: json(302, {}, { location: "http://127.0.0.1:1/" }),
      kind: "unavailable",
      retryAfter: null,
    },
    {
      name: "400 Identity not found",
      script: json(400, description("Identity not found")),
      kind: "identityNotFound",
      retryAfter: null,
    },
    {
      name: "400 Multiple",
      script: json(400, description("Multiple user assigned identities exist")),
      kind: "refused",
      retryAfter: null,
    },
    { name: "403", script: json(403, description("no")), kind: "refused", retryAfter: null },
    { name: "HTML", script: { status: 200, body: "<html>" } as const, kind: "unavailable", retryAfter: null },
    {
      name: "truncated JSON",
      script: { status: 200, body: JSON.stringify(body).slice(0, 60) } as const,
      kind: "unavailable",
      retryAfter: null,
    },
    {
      name: "no expires_on",
      script: json(200, { ...body, expires_on: undefined }),
      kind: "unavailable",
      retryAfter: null,
    },
    {
      name: "a date in expires_on",
      script: json(200, { ...body, expires_on: "2026-06-14" }),
      kind: "unavailable",
      retryAfter: null,
    },
    {
      name: "another resource",
      script: json(200, { ...body, resource: "https://vault.azure.net" }),
      kind: "unavailable",
      retryAfter: null,
    },
    {
      name: "another identity",
      script: json(200, { ...body, client_id: "10000000-0000-4000-8000-000000000002" }),
      kind: "unavailable",
      retryAfter: null,
    },
    {
      name: "a giant body",
      script: json(200, { ...body, padding: "x".repeat(70_000) }),
      kind: "unavailable",
      retryAfter: null,
    },
    { name: "a reset", script: "reset", kind: "unavailable", retryAfter: null },
  ] as const;
  for (const { name, script, kind, retryAfter } of failures) {
    it(`fail as ${kind}: ${name}`, async (t) => {
      const result = await ask(t, script);
      assert.ok(!result.ok);
      assert.equal(result.failure.kind, kind);
      assert.equal(result.failure.retryAfterSeconds, retryAfter);
      assert.doesNotMatch(JSON.stringify(result), /canary/);
    });
  }

  it("are asked for once, without retries", async (t) => {
    const imds = await serveScript(t, () => json(503, {}));
    const tokens = createManagedIdentityTokens({ clock: createSimulatedClock(startMs), imdsUrl: imds.url });
    await tokens({ identity: identity(), resource, signal });
    assert.equal(imds.requests.length, 1);
    assert.equal(imds.requests[0]?.headers["metadata"], "true");
  });

  it("are waited for no longer than 20 s", async (t) => {
    const imds = await serveScript(t, () => "hang");
    const clock = createSimulatedClock(startMs);
    const tokens = createManagedIdentityTokens({ clock, imdsUrl: imds.url });
    const pending = tokens({ identity: identity(), resource, signal });
    await until(() => imds.requests.length === 1);
    clock.advance(20_000);
    const result = await pending;
    assert.ok(!result.ok);
    assert.equal(result.failure.detail, "IMDS did not answer: no answer within 20 s");
  });

  it("are given up when the caller is", async (t) => {
    const imds = await serveScript(t, () => "hang");
    const clock = createSimulatedClock(startMs);
    const tokens = createManagedIdentityTokens({ clock, imdsUrl: imds.url });
    const caller = new AbortController();
    const pending = tokens({ identity: identity(), resource, signal: caller.signal });
    await until(() => imds.requests.length === 1);
    caller.abort(new Error("the pod is gone"));
    const result = await pending;
    assert.ok(!result.ok);
    assert.equal(result.failure.detail, "IMDS did not answer: the pod is gone");
    assert.equal(clock.nextTimerInMs(), null);
  });
});
