import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { json, serveScript } from "./loopback.ts";
import { entraToken, failureOf, resource, scripted, secretsOf, signal, sourceAt } from "./principals.ts";
import { appSecret, principal, startWorld } from "./world.ts";

const aadsts = (code: number): object => ({
  error: "invalid_client",
  error_description: `AADSTS${code}: Text.\r\nTrace ID: x`,
  error_codes: [code],
});

describe("errors of Entra", () => {
  const rows = [
    { name: "wrong secret", script: json(401, aadsts(7000215)), kind: "refused", retryAfter: null },
    { name: "unknown application", script: json(400, aadsts(700016)), kind: "refused", retryAfter: null },
    { name: "unknown tenant", script: json(400, aadsts(90002)), kind: "refused", retryAfter: null },
    { name: "unknown resource", script: json(400, aadsts(500011)), kind: "refused", retryAfter: null },
    { name: "conditional access", script: json(400, aadsts(53003)), kind: "refused", retryAfter: null },
    {
      name: "client loop",
      script: json(400, aadsts(50196), { "retry-after": "5" }),
      kind: "throttled",
      retryAfter: 5,
    },
    {
      name: "tenant throttled",
      script: json(429, aadsts(90055), { "retry-after": "9" }),
      kind: "throttled",
      retryAfter: 9,
    },
    {
      name: "transient",
      script: json(503, aadsts(90033), { "retry-after": "4" }),
      kind: "unavailable",
      retryAfter: 4,
    },
    {
      name: "no matching federated credential yet",
      script: json(400, aadsts(70021)),
      kind: "unavailable",
      retryAfter: null,
    },
    {
      name: "gateway with HTML",
      script: { status: 502, body: "<html>" },
      kind: "unavailable",
      retryAfter: null,
    },
    { name: "no JSON", script: { status: 200, body: "canary" }, kind: "unavailable", retryAfter: null },
    {
      name: "no expires_in",
      script: json(200, { ...entraToken, expires_in: undefined }),
      kind: "unavailable",
      retryAfter: null,
    },
    {
      name: "redirect",
      script: json(307, {}, { location: "http://127.0.0.1:1/" }),
      kind: "unavailable",
      retryAfter: null,
    },
    { name: "reset", script: "reset", kind: "unavailable", retryAfter: null },
  ] as const;
  for (const { name, script, kind, retryAfter } of rows) {
    it(`mean ${kind}: ${name}`, async (t) => {
      const { source } = await scripted(t, script);
      const failure = failureOf(await source.acquire({ identity: principal(), resource, signal }));
      assert.deepEqual([failure.kind, failure.retryAfterSeconds], [kind, retryAfter]);
    });
  }

  it("show the text of Entra on one line", async (t) => {
    const { source } = await scripted(t, json(401, aadsts(7000215)));
    const failure = failureOf(await source.acquire({ identity: principal(), resource, signal }));
    assert.equal(failure.detail, "Entra answered 401 invalid_client: AADSTS7000215: Text. Trace ID: x");
  });

  it("never show the secret, though the endpoint quotes the request", async (t) => {
    const entra = await serveScript(t, ({ body }) =>
      json(400, { error: appSecret, error_description: `${body} ${appSecret} eyJ0.canary.sig` }),
    );
    const source = sourceAt({ authorityUrl: entra.url });
    const failure = failureOf(await source.acquire({ identity: principal(), resource, signal }));
    assert.match(failure.detail, /^Entra answered 400 \[secret\]: /);
  });

  it("tell a wrong secret on the emulator", async (t) => {
    const { clock, authorityUrl } = await startWorld(t);
    const readSecret = secretsOf({ clientSecret: "canary-wrong" });
    const source = sourceAt({ clock, authorityUrl, readSecret });
    const failure = failureOf(await source.acquire({ identity: principal(), resource, signal }));
    assert.equal(failure.kind, "refused");
    assert.match(failure.detail, /AADSTS7000215/);
  });
});
