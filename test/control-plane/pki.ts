// oxlint-disable-next-line import/no-unassigned-import -- the certificate library needs it as it loads
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  type Extension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

/** A certificate and its private key, both PEM. */
export interface Credential {
  readonly certPem: string;
  readonly keyPem: string;
}

/** The authority of one control plane: the API server trusts what it signed, clients trust `caPem`. */
export interface Authority {
  readonly caPem: string;
  /** A certificate for a server on this machine. */
  issueServer(): Promise<Credential>;
  /** A client certificate; Kubernetes reads the user from CN and the groups from O. */
  issueClient(user: string, groups: readonly string[]): Promise<Credential>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const hourMs = 3_600_000;

/** Makes a certificate authority that lives as long as a test run. */
export async function createAuthority(): Promise<Authority> {
  const issuer: JsonName = [{ CN: ["podid test authority"] }];
  const authorityKeys = await newKeys();
  const authority = await X509CertificateGenerator.create({
    ...validity(),
    subject: issuer,
    issuer,
    publicKey: authorityKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issue = async (subject: JsonName, extensions: Extension[]): Promise<Credential> => {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      ...validity(),
      subject,
      issuer,
      publicKey: keys.publicKey,
      signingKey: authorityKeys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true), ...extensions],
    });
    const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    return { certPem: certificate.toString("pem"), keyPem: PemConverter.encode(key, "PRIVATE KEY") };
  };
  return {
    caPem: authority.toString("pem"),
    issueServer: () =>
      issue(
        [{ CN: ["kube-apiserver"] }],
        [
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension([
            { type: "ip", value: "127.0.0.1" },
            { type: "dns", value: "localhost" },
          ]),
        ],
      ),
    issueClient: (user, groups) =>
      issue(
        [{ CN: [user] }, ...groups.map((group) => ({ O: [group] }))],
        [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
      ),
  };
}

/** The RSA key that signs service account tokens, PEM. */
export async function createServiceAccountKey(): Promise<{ publicPem: string; privatePem: string }> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return { publicPem: publicKey, privatePem: privateKey };
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** Backdated, for a machine whose clock is set while the tests run. */
function validity(): { notBefore: Date; notAfter: Date } {
  const nowMs = Date.now();
  return { notBefore: new Date(nowMs - hourMs), notAfter: new Date(nowMs + 48 * hourMs) };
}
