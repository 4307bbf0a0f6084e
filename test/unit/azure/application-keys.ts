// oxlint-disable-next-line import/no-unassigned-import -- the certificate library needs it as it loads
import "reflect-metadata";
import { PemConverter, X509CertificateGenerator } from "@peculiar/x509";
import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";

const algorithm = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;

export interface ApplicationKeys {
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly keyPem: string;
}

/** An RSA key with a certificate that it signed itself, as people make for an application. */
export async function createApplicationKeys(): Promise<ApplicationKeys> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=podid test",
    notBefore: new Date("2020-01-01T00:00:00Z"),
    notAfter: new Date("2100-01-01T00:00:00Z"),
    signingAlgorithm: algorithm,
    keys,
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certificatePem: certificate.toString("pem"), keyPem: PemConverter.encode(key, "PRIVATE KEY") };
}

export interface ServiceAccountIssuer {
  readonly publicKey: string;
  /** A JWT as the API server issues it, signed RS256. */
  issue(claims: Readonly<Record<string, unknown>>): string;
}

/** The key of a cluster's service accounts. */
export function createServiceAccountIssuer(): ServiceAccountIssuer {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    publicKey: createPublicKey(privateKey).export({ type: "spki", format: "pem" }),
    issue: (claims) => {
      const parts = [{ alg: "RS256", kid: "cluster" }, claims].map((part) => JSON.stringify(part));
      const content = parts.map((part) => Buffer.from(part).toString("base64url")).join(".");
      return `${content}.${sign("sha256", Buffer.from(content), privateKey).toString("base64url")}`;
    },
  };
}
