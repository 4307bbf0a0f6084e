import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { describe, it } from "node:test";

import { z } from "zod";

import { audienceOf } from "../../../src/emulator/entra-grant.ts";
import {
  accessTokenOf,
  application,
  call,
  claimsOf,
  entraToken,
  reader,
  secret,
  startedFrozen,
  tenantID,
} from "./fixture.ts";

describe("Entra token endpoint", () => {
  it("answers the right secret with integers and a signed token", async (t) => {
    const { addresses } = await startedFrozen(t);
    const answer = await entraToken(addresses);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, {
      token_type: "Bearer",
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: accessTokenOf(answer),
    });
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.equal(answer.headers.date, "Fri, 12 Jun 2026 22:00:00 GMT");
    const claims = claimsOf(accessTokenOf(answer));
    assert.equal(claims["aud"], "https://management.azure.com/");
    assert.equal(claims["appid"], application.clientID);
  });

  it("takes the trailing slash and the query of real clients, and an older secret", async (t) => {
    const { addresses } = await startedFrozen(t);
    const path = `/${tenantID}/oauth2/v2.0/token/?client-request-id=x`;
    assert.equal((await entraToken(addresses, { client_secret: "an-older-secret" }, path)).status, 200);
  });

  it("publishes the key that signs its tokens", async (t) => {
    const { addresses } = await startedFrozen(t);
    const configuration = z
      .object({ jwks_uri: z.url(), token_endpoint: z.string(), issuer: z.string() })
      .parse((await call(addresses.entra, `/${tenantID}/v2.0/.well-known/openid-configuration`)).json);
    assert.equal(configuration.token_endpoint, `${addresses.entra}/${tenantID}/oauth2/v2.0/token`);
    assert.equal(configuration.issuer, `https://login.microsoftonline.com/${tenantID}/v2.0`);
    const keys = z
      .object({ keys: z.array(z.object({ kty: z.string(), n: z.string(), e: z.string() })).length(1) })
      .parse((await call(addresses.entra, new URL(configuration.jwks_uri).pathname)).json).keys;
    const [header = "", payload = "", signature = ""] = accessTokenOf(await entraToken(addresses)).split(".");
    const key = createPublicKey({ key: { ...keys[0] }, format: "jwk" });
    const content = Buffer.from(`${header}.${payload}`);
    assert.equal(verify("RSA-SHA256", content, key, Buffer.from(signature, "base64url")), true);
  });

  const ghost = "99999999-9999-4999-8999-999999999999";
  const refusals: readonly {
    readonly name: string;
    readonly form?: Readonly<Record<string, string>>;
    readonly tenant?: string;
    readonly status: number;
    readonly error: string;
    readonly code: number;
  }[] = [
    {
      name: "a wrong secret",
      form: { client_secret: "canary-wrong" },
      status: 401,
      error: "invalid_client",
      code: 7000215,
    },
    { name: "no secret", form: { client_secret: "" }, status: 401, error: "invalid_client", code: 7000216 },
    {
      name: "an assertion nobody registered",
      form: { client_assertion: "a.b.c" },
      status: 401,
      error: "invalid_client",
      code: 700027,
    },
    {
      name: "an unknown application",
      form: { client_id: ghost },
      status: 400,
      error: "unauthorized_client",
      code: 700016,
    },
    {
      name: "a managed identity as application",
      form: { client_id: reader.clientID },
      status: 400,
      error: "unauthorized_client",
      code: 700016,
    },
    { name: "an unknown tenant", tenant: ghost, status: 400, error: "invalid_request", code: 90002 },
    { name: "a malformed tenant", tenant: "a%20b", status: 400, error: "invalid_request", code: 900023 },
    {
      name: "a tenant with a stray percent sign",
      tenant: "a%b",
      status: 400,
      error: "invalid_request",
      code: 900023,
    },
    {
      name: "a scope without /.default",
      form: { scope: "https://vault.azure.net" },
      status: 400,
      error: "invalid_scope",
      code: 1002012,
    },
    {
      name: "two scopes",
      form: { scope: "a/.default b/.default" },
      status: 400,
      error: "invalid_scope",
      code: 70011,
    },
    { name: "no scope", form: { scope: "" }, status: 400, error: "invalid_request", code: 900144 },
    {
      name: "another grant",
      form: { grant_type: "password" },
      status: 400,
      error: "unsupported_grant_type",
      code: 70003,
    },
  ];
  for (const { name, form = {}, tenant = tenantID, status, error, code } of refusals) {
    it(`refuses ${name} with AADSTS${code}`, async (t) => {
      const { addresses } = await startedFrozen(t);
      const answer = await entraToken(addresses, form, `/${tenant}/oauth2/v2.0/token`);
      const body = z
        .strictObject({
          error: z.literal(error),
          error_description: z.string(),
          error_codes: z.tuple([z.literal(code)]),
          timestamp: z.literal("2026-06-12 22:00:00Z"),
          trace_id: z.guid(),
          correlation_id: z.guid(),
          error_uri: z.string(),
        })
        .parse(answer.json);
      assert.equal(answer.status, status);
      assert.ok(body.error_description.startsWith(`AADSTS${code}: `));
      assert.ok(
        body.error_description.endsWith(
          ` Trace ID: ${body.trace_id} Correlation ID: ${body.correlation_id} Timestamp: 2026-06-12 22:00:00Z`,
        ),
      );
      assert.ok(!answer.text.includes(secret) && !answer.text.includes("canary-wrong"));
    });
  }

  it("repeats the client's correlation id", async (t) => {
    const { addresses } = await startedFrozen(t);
    const path = `/${tenantID}/oauth2/v2.0/token?client-request-id=${ghost}`;
    const answer = await entraToken(addresses, { client_secret: "wrong" }, path);
    assert.equal(z.object({ correlation_id: z.string() }).parse(answer.json).correlation_id, ghost);
  });

  it("answers 405 to another method and 404 to another path", async (t) => {
    const { addresses } = await startedFrozen(t);
    const wrongMethod = await call(addresses.entra, `/${tenantID}/oauth2/v2.0/token`);
    assert.deepEqual([wrongMethod.status, wrongMethod.headers.allow], [405, "POST"]);
    assert.equal((await call(addresses.entra, `/${tenantID}/oauth2/token`)).status, 404);
  });
});

describe("audienceOf", () => {
  const rows = [
    { scope: "https://management.azure.com/.default", audience: "https://management.azure.com" },
    { scope: "https://management.azure.com//.default", audience: "https://management.azure.com/" },
    { scope: `${application.clientID}/.default`, audience: application.clientID },
    { scope: "api://shop/.default", audience: "api://shop" },
  ];
  for (const { scope, audience } of rows) {
    it(`takes ${audience} from ${scope}`, () => {
      assert.deepEqual(audienceOf(scope), { kind: "audience", audience });
    });
  }
  it("refuses a scope without resource", () => assert.equal(audienceOf("/.default").kind, "refused"));
});
