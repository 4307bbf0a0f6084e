import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { createSecretCredential, type Credential } from "../../../src/azure/credential.ts";
import { AzureError } from "../../../src/azure/errors.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import { json, serveScript } from "./loopback.ts";
import { appClientID, appSecret, startMs, startWorld, tenantID } from "./world.ts";

const cloud = findCloud("");
const scope = cloud.armScope;
const token = { token_type: "Bearer", expires_in: 3599, access_token: "eyJ0.canary.sig" };

function credentialAt(clock: Clock, authorityUrl: string): Credential {
  const app = { tenantID, clientID: appClientID, clientSecret: appSecret };
  return createSecretCredential({ clock, cloud, endpoints: { authorityUrl }, ...app });
}

describe("podid's own credential", () => {
  it("gets one token for callers at the same time and keeps it until 5 minutes before its end", async (t) => {
    const { clock, authorityUrl, emulator } = await startWorld(t);
    const credential = credentialAt(clock, authorityUrl);
    const [first, second] = await Promise.all([credential.getToken(scope), credential.getToken([scope])]);
    assert.equal(first.token, second.token);
    assert.equal(first.expiresOnTimestamp, startMs + 3_599_000);
    clock.advance(3_298_000);
    assert.equal((await credential.getToken(scope)).token, first.token);
    clock.advance(2_000);
    assert.notEqual((await credential.getToken(scope)).token, first.token);
    assert.equal(emulator.journal.list().length, 2);
  });

  it("keeps a valid token when the renewal fails, and fails once it has ended", async (t) => {
    const scripts = [json(200, token)];
    const entra = await serveScript(t, () => scripts.shift() ?? json(503, {}));
    const clock = createSimulatedClock(startMs);
    const credential = credentialAt(clock, entra.url);
    await credential.getToken(scope);
    clock.advance(3_590_000);
    assert.equal((await credential.getToken(scope)).token, token.access_token);
    clock.advance(9_000);
    await assert.rejects(
      credential.getToken(scope),
      (error) => error instanceof AzureError && error.code === "login-unavailable",
    );
    assert.equal(entra.requests.length, 3);
  });

  it("tells a refusal, without the secret", async (t) => {
    const entra = await serveScript(t, ({ body }) =>
      json(401, { error_description: `AADSTS7000215: ${body}` }),
    );
    const credential = credentialAt(createSimulatedClock(startMs), entra.url);
    await assert.rejects(credential.getToken(scope), (error) => {
      assert.ok(error instanceof AzureError);
      assert.equal(error.code, "login-refused");
      assert.match(error.message, /^own credential: Entra answered 401 : AADSTS7000215/);
      assert.doesNotMatch(error.message, /canary/);
      return true;
    });
  });

  it("cannot be made without a tenant", () => {
    assert.throws(
      () =>
        createSecretCredential({
          clock: createSimulatedClock(startMs),
          cloud,
          tenantID: "",
          clientID: appClientID,
          clientSecret: appSecret,
        }),
      (error) => error instanceof AzureError && error.code === "login-refused",
    );
  });
});
