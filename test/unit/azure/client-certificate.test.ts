import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { before, describe, it } from "node:test";

import { parseClientCertificate } from "../../../src/azure/client-certificate.ts";
import { AzureError } from "../../../src/azure/errors.ts";
import { type ApplicationKeys, createApplicationKeys } from "./application-keys.ts";

const password = "canary-password";

const parse = (text: string, secret = ""): ReturnType<typeof parseClientCertificate> =>
  parseClientCertificate("app.pem", Buffer.from(text), secret);

const refuses = (text: string, secret: string, says: RegExp): void => {
  assert.throws(
    () => parse(text, secret),
    (error) => {
      assert.ok(error instanceof AzureError && error.code === "config-invalid");
      assert.match(error.message, says);
      assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /canary|MII/);
      return true;
    },
  );
};

describe("the certificate file of an application", () => {
  let keys: ApplicationKeys;
  let other: ApplicationKeys;
  before(async () => {
    keys = await createApplicationKeys();
    other = await createApplicationKeys();
  });

  it("may hold key, certificate and chain in any order", () => {
    const { certificatePem, keyPem } = keys;
    const { fingerprint256 } = new X509Certificate(certificatePem);
    for (const parts of [
      [certificatePem, keyPem],
      [keyPem, other.certificatePem, "Bag Attributes: none", certificatePem],
    ]) {
      const parsed = parse(parts.join("\n"));
      assert.equal(parsed.thumbprintSha256, fingerprint256.replaceAll(":", ""));
      assert.ok(new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(parsed.privateKey)));
      // MSAL takes the certificates in the order in which they stand.
      assert.equal(new X509Certificate(parsed.x5c).fingerprint256, fingerprint256);
    }
  });

  it("may have an encrypted key", () => {
    const cipher = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: password } as const;
    const encrypted = createPrivateKey(keys.keyPem).export(cipher);
    const text = `${encrypted}${keys.certificatePem}`;
    assert.equal(
      parse(text, password).privateKey,
      parse(keys.keyPem + "\n" + keys.certificatePem).privateKey,
    );
    for (const wrong of ["", "canary-wrong"])
      refuses(text, wrong, /does not open: check the key and aadClientCertPassword/);
  });

  it("is refused without a key, without its certificate, with a foreign one or a broken one", () => {
    refuses(keys.certificatePem, "", /no private key/);
    refuses(keys.keyPem, "", /no certificate of its private key/);
    refuses(`${keys.keyPem}\n${other.certificatePem}`, "", /no certificate of its private key/);
    const broken = "-----BEGIN CERTIFICATE-----\nMIIcanary\n-----END CERTIFICATE-----";
    refuses(`${keys.keyPem}\n${broken}`, "", /no certificate: write it anew/);
  });

  it("is refused with a key that Entra does not take", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    refuses(privateKey.export({ type: "sec1", format: "pem" }), "", /RSA keys only/);
  });

  it("is refused as PKCS#12, with the command that converts it", () => {
    const pfx = Buffer.from("30820a0102010330", "hex").toString("latin1");
    assert.throws(
      () => parseClientCertificate("app.pfx", Buffer.from(pfx, "latin1"), password),
      /openssl pkcs12/,
    );
  });
});
