import { createHash, generateKeyPair, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { promisify } from "node:util";

import { z } from "zod";

import type { Clock } from "../runtime/clock.ts";
import { unixSeconds } from "./times.ts";

/** Who a token is for. */
interface TokenSubject {
  readonly tenantID: string;
  readonly clientID: string;
  readonly objectID: string;
  /** Managed identities only: the identity's resource id, or the machine's for a system-assigned one. */
  readonly managedResourceID?: string;
}

export interface IssuedToken {
  readonly token: string;
  readonly notBeforeSeconds: number;
  readonly expiresAtSeconds: number;
}

type TokenVerdict =
  | { readonly kind: "valid"; readonly audience: string }
  | { readonly kind: "expired" }
  | { readonly kind: "invalid" };

/** Signs tokens as Entra does and recognizes them again. */
export interface TokenIssuer {
  issue(subject: TokenSubject, audience: string, lifetimeSeconds: number): IssuedToken;
  verify(token: string): TokenVerdict;
  /** The public key as a JWK set (RFC 7517). */
  readonly keys: { readonly keys: readonly PublicKey[] };
}

interface PublicKey {
  readonly kty: "RSA";
  readonly use: "sig";
  readonly alg: "RS256";
  readonly kid: string;
  readonly n: string;
  readonly e: string;
}

const publicKeySchema = z.object({ kty: z.literal("RSA"), n: z.string(), e: z.string() });
const claimsSchema = z.object({ aud: z.string(), exp: z.int() });

/** Makes an issuer with a fresh RSA-2048 key, which never leaves the process. */
export async function createTokenIssuer(clock: Clock): Promise<TokenIssuer> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  const { kty, n, e } = publicKeySchema.parse(publicKey.export({ format: "jwk" }));
  const readClaims = createClaimsReader(publicKey);
  const kid = createHash("sha256").update(JSON.stringify({ e, kty, n })).digest("base64url"); // RFC 7638
  return {
    keys: { keys: [{ kty, use: "sig", alg: "RS256", kid, n, e }] },
    issue: (subject, audience, lifetimeSeconds) => {
      const notBeforeSeconds = unixSeconds(clock.nowMs());
      const expiresAtSeconds = notBeforeSeconds + lifetimeSeconds;
      const claims = claimsOf(subject, audience, notBeforeSeconds, expiresAtSeconds);
      const token = signToken(privateKey, { typ: "JWT", alg: "RS256", kid }, claims);
      return { token, notBeforeSeconds, expiresAtSeconds };
    },
    verify: (token) => {
      const claims = readClaims(token);
      if (claims === null) return { kind: "invalid" };
      return claims.exp <= unixSeconds(clock.nowMs())
        ? { kind: "expired" }
        : { kind: "valid", audience: claims.aud };
    },
  };
}

/**
 * The claims of azure.md §7.4 rule 1. Issuer and `ver` are those of version 1.0 tokens, which ARM, Key Vault
 * and Storage get from the v2.0 endpoint too (Microsoft: "Access token claims reference", `ver`, `iss`, `appid`).
 */
function claimsOf(
  subject: TokenSubject,
  audience: string,
  issuedAt: number,
  expiresAt: number,
): Readonly<Record<string, string | number>> {
  return {
    aud: audience,
    iss: `https://sts.windows.net/${subject.tenantID}/`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: expiresAt,
    appid: subject.clientID,
    oid: subject.objectID,
    sub: subject.objectID,
    tid: subject.tenantID,
    uti: randomBytes(16).toString("base64url"),
    ver: "1.0",
    ...(subject.managedResourceID === undefined ? {} : { xms_mirid: subject.managedResourceID }),
  };
}

function signToken(key: KeyObject, header: object, claims: object): string {
  const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const signature = sign("RSA-SHA256", Buffer.from(content.join(".")), key); // RS256, RFC 7518 §3.3
  return [...content, signature.toString("base64url")].join(".");
}

type Claims = z.infer<typeof claimsSchema>;

/** What a token of ours says; null for any other. A client sends one token hundreds of times: the last is remembered. */
function createClaimsReader(key: KeyObject): (token: string) => Claims | null {
  let last: { readonly token: string; readonly claims: Claims | null } = { token: "", claims: null };
  return (token) => {
    if (token !== last.token) last = { token, claims: claimsIn(token, key) };
    return last.claims;
  };
}

function claimsIn(token: string, key: KeyObject): Claims | null {
  const [header, payload, signature, ...more] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
    return null;
  const content = Buffer.from(`${header}.${payload}`);
  if (!verify("RSA-SHA256", content, key, Buffer.from(signature, "base64url"))) return null;
  // The signature is ours, hence so is the payload.
  return claimsSchema.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
}
