import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { describe, it } from "node:test";

import { createTokenIssuer } from "../../../src/emulator/tokens.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { application, claimsOf, reader, startMs, tenantID, vault } from "./fixture.ts";

describe("createTokenIssuer", () => {
  it("signs with RS256 under the published key", async () => {
    const issuer = await createTokenIssuer(createSimulatedClock(startMs));
    const { token } = issuer.issue(application, vault, 60);
    const [header = "", payload = "", signature = ""] = token.split(".");
    const [key] = issuer.keys.keys;
    assert.ok(key);
    assert.deepEqual(JSON.parse(Buffer.from(header, "base64url").toString()), {
      typ: "JWT",
      alg: "RS256",
      kid: key.kid,
    });
    const { kty, n, e } = key;
    const publicKey = createPublicKey({ key: { kty, n, e }, format: "jwk" });
    const content = Buffer.from(`${header}.${payload}`);
    assert.equal(verify("RSA-SHA256", content, publicKey, Buffer.from(signature, "base64url")), true);
    assert.equal(publicKey.asymmetricKeyDetails?.modulusLength, 2048);
  });

  it("gives an application's token its claims", async () => {
    const issuer = await createTokenIssuer(createSimulatedClock(startMs));
    const { uti, ...claims } = claimsOf(issuer.issue(application, `${vault}/`, 3599).token);
    assert.match(String(uti), /^[\w-]{22}$/);
    assert.deepEqual(claims, {
      aud: `${vault}/`,
      iss: `https://sts.windows.net/${tenantID}/`,
      iat: startMs / 1000,
      nbf: startMs / 1000,
      exp: startMs / 1000 + 3599,
      appid: application.clientID,
      oid: application.objectID,
      sub: application.objectID,
      tid: tenantID,
      ver: "1.0",
    });
  });

  it("names the resource of a managed identity", async () => {
    const issuer = await createTokenIssuer(createSimulatedClock(startMs));
    const subject = { ...reader, managedResourceID: reader.resourceID };
    assert.equal(claimsOf(issuer.issue(subject, vault, 60).token)["xms_mirid"], reader.resourceID);
  });

  it("knows its own valid tokens from expired, altered and foreign ones", async () => {
    const clock = createSimulatedClock(startMs);
    const issuer = await createTokenIssuer(clock);
    const stranger = await createTokenIssuer(clock);
    const { token } = issuer.issue(application, vault, 60);
    const [header, , signature] = token.split(".");
    const altered = [header, Buffer.from('{"aud":"x","exp":9999999999}').toString("base64url"), signature];
    assert.deepEqual(issuer.verify(token), { kind: "valid", audience: vault });
    assert.deepEqual(issuer.verify(stranger.issue(application, vault, 60).token), { kind: "invalid" });
    assert.deepEqual(issuer.verify(altered.join(".")), { kind: "invalid" });
    assert.deepEqual(issuer.verify(`${token}.more`), { kind: "invalid" });
    assert.deepEqual(issuer.verify("nonsense"), { kind: "invalid" });
    assert.deepEqual(issuer.verify(token), { kind: "valid", audience: vault });
    clock.advance(60_000);
    assert.deepEqual(issuer.verify(token), { kind: "expired" });
  });
});
