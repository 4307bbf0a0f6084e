import assert from "node:assert/strict";
import { constants, createHash, sign, X509Certificate } from "node:crypto";
import { before, describe, it } from "node:test";

import { refusedAssertion } from "../../../src/emulator/client-assertion.ts";
import type { Application } from "../../../src/emulator/state.ts";
import { type ApplicationKeys, createApplicationKeys } from "../azure/application-keys.ts";
import { application } from "./fixture.ts";

const nowSeconds = 1_781_000_000;
const tokenUrl = "http://127.0.0.1:1/tenant/oauth2/v2.0/token";
const { clientID } = application;

describe("a client assertion that an application signed", () => {
  let keys: ApplicationKeys;
  let registered: Application;
  before(async () => {
    keys = await createApplicationKeys();
    registered = { ...application, certificates: [keys.certificatePem] };
  });

  const thumbprint = (algorithm: string): string =>
    createHash(algorithm).update(new X509Certificate(keys.certificatePem).raw).digest("base64url");
  const assertion = (
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = { alg: "PS256", "x5t#S256": thumbprint("sha256") },
  ): string => {
    const times = { nbf: nowSeconds, exp: nowSeconds + 600 };
    const all = { iss: clientID, sub: clientID, aud: tokenUrl, ...times, ...claims };
    const parts = [header, all].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const content = parts.join(".");
    const padding =
      header["alg"] === "PS256" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
    return `${content}.${sign("sha256", Buffer.from(content), { key: keys.keyPem, ...padding }).toString("base64url")}`;
  };
  const codeOf = (text: string, app = registered): number | undefined =>
    refusedAssertion(app, text, { tokenUrl, nowSeconds })?.code;

  it("is taken by either thumbprint, within five minutes of its time", () => {
    assert.equal(codeOf(assertion()), undefined);
    assert.equal(codeOf(assertion({}, { alg: "RS256", x5t: thumbprint("sha1") })), undefined);
    assert.equal(codeOf(assertion({ nbf: nowSeconds + 300 })), undefined);
    assert.equal(codeOf(assertion({ exp: nowSeconds - 299 })), undefined);
  });

  it("is refused for another audience or subject, at another time, and when it is not registered or altered", () => {
    assert.equal(codeOf(assertion({ aud: "https://login.example" })), 700023);
    assert.equal(codeOf(assertion({ sub: "other" })), 700023);
    assert.equal(codeOf(assertion({ nbf: nowSeconds + 301 })), 700024);
    assert.equal(codeOf(assertion({ exp: nowSeconds - 300 })), 700024);
    assert.equal(codeOf(assertion(), application), 700027);
    assert.equal(codeOf(assertion({}, { alg: "PS256" })), 700027);
    assert.equal(codeOf(assertion({}, { alg: "none", x5t: thumbprint("sha1") })), 700027);
    const [header, , signature] = assertion().split(".");
    const [, payload] = assertion({ exp: nowSeconds + 9999 }).split(".");
    assert.equal(codeOf([header, payload, signature].join(".")), 700027);
    assert.equal(codeOf("a.b.c"), 700027);
  });
});
