import { constants, createHash, createPublicKey, type KeyObject, verify, X509Certificate } from "node:crypto";

import { z } from "zod";

import type { Application } from "./state.ts";

/** Where and when an assertion is shown. */
export interface AssertionContext {
  /** The audience of assertions that an application signs itself. */
  readonly tokenUrl: string;
  readonly nowSeconds: number;
}

interface AssertionRefusal {
  readonly code: 700023 | 700024 | 700027 | 700211 | 700212 | 700213;
  readonly text: string;
}

/** Entra allows for clocks that differ by five minutes (azure.md §3.1). */
const leewaySeconds = 300;

const headerSchema = z.object({
  alg: z.enum(["RS256", "PS256"]),
  x5t: z.string().optional(),
  "x5t#S256": z.string().optional(),
});
const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.int(),
  nbf: z.int().optional(),
});

interface Assertion {
  readonly header: z.infer<typeof headerSchema>;
  readonly claims: z.infer<typeof claimsSchema>;
  readonly isSignedBy: (key: KeyObject) => boolean;
}

/**
 * Judges a client assertion (RFC 7523 §3): one that the application signed with its certificate, or a token of an
 * issuer that it trusts. Null when it is accepted.
 */
export function refusedAssertion(
  application: Application,
  text: string,
  context: AssertionContext,
): AssertionRefusal | null {
  const assertion = parseAssertion(text);
  if (assertion === null) return notRegistered;
  const isOwn = same(assertion.claims.iss, application.clientID);
  const refusal = isOwn
    ? refusedOwn(application, assertion, context)
    : refusedForeign(application, assertion);
  return refusal ?? refusedTime(assertion, context.nowSeconds);
}

const notRegistered: AssertionRefusal = {
  code: 700027,
  text: "The certificate with identifier used to sign the client assertion is not registered on application.",
};

function refusedOwn(
  application: Application,
  { header, claims, isSignedBy }: Assertion,
  { tokenUrl }: AssertionContext,
): AssertionRefusal | null {
  const certificate = (application.certificates ?? [])
    .map((pem) => new X509Certificate(pem))
    .find(({ raw }) => header["x5t#S256"] === digest("sha256", raw) || header.x5t === digest("sha1", raw));
  if (certificate === undefined || !isSignedBy(certificate.publicKey)) return notRegistered;
  if (!same(claims.sub, application.clientID) || claims.aud !== tokenUrl) {
    return { code: 700023, text: "Client assertion audience claim does not match Realm issuer." };
  }
  return null;
}

/** Issuer, subject and audience must be exact, in this order of errors [inf]. */
function refusedForeign(
  application: Application,
  { header, claims, isSignedBy }: Assertion,
): AssertionRefusal | null {
  const byIssuer = (application.federatedCredentials ?? []).filter(({ issuer }) => issuer === claims.iss);
  if (byIssuer.length === 0) return noMatch(700211, "issuer", claims.iss);
  const bySubject = byIssuer.filter(({ subject }) => subject === claims.sub);
  if (bySubject.length === 0) return noMatch(700213, "subject", claims.sub);
  const audiences = [claims.aud].flat();
  const credential = bySubject.find(({ audience }) => audiences.includes(audience));
  if (credential === undefined) return noMatch(700212, "audience", audiences.join(" "));
  // Only RS256 is accepted from other issuers (azure.md §3.1).
  return header.alg === "RS256" && isSignedBy(createPublicKey(credential.publicKey)) ? null : notRegistered;
}

function noMatch(code: AssertionRefusal["code"], part: string, value: string): AssertionRefusal {
  return {
    code,
    text: `No matching federated identity record found for presented assertion ${part} '${value}'.`,
  };
}

function refusedTime({ claims }: Assertion, nowSeconds: number): AssertionRefusal | null {
  const isEarly = (claims.nbf ?? 0) > nowSeconds + leewaySeconds;
  if (!isEarly && claims.exp > nowSeconds - leewaySeconds) return null;
  return { code: 700024, text: "Client assertion is not within its valid time range." };
}

function parseAssertion(text: string): Assertion | null {
  const [header = "", payload = "", signature = "", ...more] = text.split(".");
  const parsedHeader = headerSchema.safeParse(decode(header));
  const parsedClaims = claimsSchema.safeParse(decode(payload));
  if (more.length > 0 || !parsedHeader.success || !parsedClaims.success) return null;
  const padding = parsedHeader.data.alg === "PS256" ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {};
  const content = Buffer.from(`${header}.${payload}`);
  return {
    header: parsedHeader.data,
    claims: parsedClaims.data,
    isSignedBy: (key) => verify("sha256", content, { key, ...padding }, Buffer.from(signature, "base64url")),
  };
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

function digest(algorithm: "sha1" | "sha256", certificate: Buffer): string {
  return createHash(algorithm).update(certificate).digest("base64url");
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
