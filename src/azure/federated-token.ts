import { toError } from "../runtime/to-error.ts";
import type { ApplicationProof } from "./entra.ts";
import { type FailedResult, failed } from "./token-result.ts";

/** Reads the token as it is now. Its errors name the place, never what stands there. */
export type ReadToken = () => Promise<string>;

/** Three parts of base64url (RFC 7519 §3): anything else would be sent to Entra for nothing. */
const compactJwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Turns the token of a service account into the proof of an application that trusts it. */
export async function proveByToken(
  readToken: ReadToken,
): Promise<{ readonly ok: true; readonly proof: ApplicationProof } | FailedResult> {
  const text = await readToken().catch(toError);
  if (text instanceof Error)
    return failed("credential", `the federated token cannot be read: ${text.message}`);
  const assertion = text.trim();
  if (compactJwt.test(assertion)) return { ok: true, proof: { kind: "assertion", assertion } };
  return failed("credential", "the file of the federated token holds no service account token");
}
