import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { before, describe, it, type TestContext } from "node:test";

import type { TokenResult } from "../../../src/azure/token-result.ts";
import { createEmulator } from "../../../src/emulator/emulator.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { type ApplicationKeys, createApplicationKeys } from "./application-keys.ts";
import { failureOf, resource, secretsOf, signal, sourceAt } from "./principals.ts";
import { appClientID, principal, tenantID } from "./world.ts";

let keys: ApplicationKeys;
before(async () => {
  keys = await createApplicationKeys();
});

/** An Entra in real time, since MSAL signs by the clock of the machine; its application trusts `keys`. */
async function acquireWith(t: TestContext, values: Readonly<Record<string, string>>): Promise<TokenResult> {
  const clock = createSystemClock();
  const certificates = [keys.certificatePem];
  const application = { clientID: appClientID, objectID: appClientID, tenantID, secrets: [], certificates };
  const emulator = createEmulator({ clock, state: { tenants: [{ tenantID }], applications: [application] } });
  t.after(() => emulator.close());
  const { entra: authorityUrl } = await emulator.start();
  const source = sourceAt({ clock, authorityUrl, readSecret: secretsOf(values) });
  return source.acquire({ identity: principal({ type: 2 }), resource, signal });
}

describe("a service principal with a certificate", () => {
  const password = "canary-password";
  const encrypted = (): string =>
    createPrivateKey(keys.keyPem).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: password,
    });

  const good = {
    "a kubernetes.io/tls Secret": () => ({ "tls.crt": keys.certificatePem, "tls.key": keys.keyPem }),
    "one PEM text": () => ({ certificate: `${keys.certificatePem}\n${keys.keyPem}` }),
    "an encrypted key": () => ({ certificate: `${encrypted()}\n${keys.certificatePem}`, password }),
  };
  for (const [name, values] of Object.entries(good)) {
    it(`gets tokens by ${name}`, async (t) => assert.ok((await acquireWith(t, values())).ok));
  }

  const place = "AzureIdentity shop/reader: Secret shop/app ";
  const bad = {
    "no certificate": { values: () => ({ clientSecret: "x" }), says: 'has neither "tls.crt" with "tls.key"' },
    "no key": { values: () => ({ certificate: keys.certificatePem }), says: "holds no private key" },
    "PKCS#12": { values: () => ({ certificate: "0\u0082canary" }), says: "is PKCS#12 (or DER)" },
  };
  for (const [name, { values, says }] of Object.entries(bad)) {
    it(`is told what to do about ${name}`, async (t) => {
      const { kind, detail } = failureOf(await acquireWith(t, values()));
      assert.equal(kind, "credential");
      assert.ok(detail.startsWith(`${place}${says}`), detail);
    });
  }

  it("is told where the password stands when the key does not open", async (t) => {
    const values = { certificate: `${encrypted()}\n${keys.certificatePem}`, password: "canary-wrong" };
    const { detail } = failureOf(await acquireWith(t, values));
    assert.match(detail, /does not open: check the key and the value under "password"$/);
  });

  it("is refused by Entra with a certificate that is not the application's", async (t) => {
    const { keyPem, certificatePem } = await createApplicationKeys();
    const failure = failureOf(await acquireWith(t, { "tls.crt": certificatePem, "tls.key": keyPem }));
    assert.equal(failure.kind, "refused");
    assert.match(failure.detail, /AADSTS700027/);
  });
});
