import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

import { AzureError } from "./errors.ts";

/** A certificate as MSAL takes it; it proves an application by a signature. */
export interface ClientCertificate {
  /** Hexadecimal, without colons. */
  readonly thumbprintSha256: string;
  /** PEM (PKCS#8), decrypted. */
  readonly privateKey: string;
  /** PEM: the certificate and its chain, sent along for applications that trust by subject name and issuer. */
  readonly x5c: string;
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const keyBlock = /-----BEGIN (?<kind>(?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[\s\S]+?-----END \k<kind>-----/;

/** DER begins so; PKCS#12 is DER. */
const derSequence = 0x30;

/** What holds a certificate, in words of error messages. */
interface Place {
  readonly name: string;
  /** Where the key's password stands. */
  readonly password: string;
}

/**
 * Reads the PEM file of an application's certificate: its private key (encrypted with `password`, or not) and the
 * certificate, in any order, with the chain or without. Other certificates may stand in the file too.
 * @throws AzureError config-invalid, which names `path` and the fix and quotes nothing of the file.
 */
export function parseClientCertificate(path: string, content: Buffer, password: string): ClientCertificate {
  const place = { name: `the certificate file ${path}`, password: "aadClientCertPassword" };
  return parseCertificate(place, content, password);
}

/** The same for PEM that stands elsewhere. @throws AzureError as above, which names `place`. */
export function parseCertificate(place: Place, content: Buffer, password: string): ClientCertificate {
  const { name } = place;
  if (content[0] === derSequence) {
    // Node opens PKCS#12 for TLS only and does not hand out the key (azure.md §5).
    const command = "openssl pkcs12 -in FILE -out FILE.pem -nodes";
    throw invalid(`${name} is PKCS#12 (or DER), which podid cannot open: convert it with \`${command}\``);
  }
  const text = content.toString("utf8");
  const key = readKey(place, text, password);
  const certificates = readCertificates(name, text);
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) throw invalid(`${name} holds no certificate of its private key: put both there`);
  const chain = [own, ...certificates.filter((certificate) => certificate !== own)];
  return {
    thumbprintSha256: own.fingerprint256.replaceAll(":", ""),
    privateKey: key.export({ type: "pkcs8", format: "pem" }),
    x5c: chain.map(String).join(""),
  };
}

function readKey(place: Place, text: string, password: string): KeyObject {
  const [block] = keyBlock.exec(text) ?? [];
  if (block === undefined) throw invalid(`${place.name} holds no private key in PEM form: add it`);
  const key = decrypt(place, block, password);
  if (key.asymmetricKeyType === "rsa") return key;
  throw invalid(`${place.name} has a key of type ${key.asymmetricKeyType}: Entra takes RSA keys only`);
}

function decrypt(place: Place, block: string, password: string): KeyObject {
  try {
    return createPrivateKey({ key: block, ...(password === "" ? {} : { passphrase: password }) });
  } catch {
    // OpenSSL's own words are of no use to a person, and have no cause worth keeping beside a key.
    throw invalid(`${place.name}: its private key does not open: check the key and ${place.password}`);
  }
}

function readCertificates(place: string, text: string): readonly X509Certificate[] {
  const blocks = text.match(certificateBlock) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw invalid(`${place} holds something that is no certificate: write it anew`);
  }
}

function invalid(message: string): AzureError {
  return new AzureError("config-invalid", message);
}
