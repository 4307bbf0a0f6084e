import { type ClientCertificate, parseCertificate } from "./client-certificate.ts";
import {
  chooseClientSecret,
  type CredentialProblem,
  readOwnSecret,
  type ReadSecret,
  unusable,
} from "./client-secret.ts";
import type { ApplicationProof } from "./entra.ts";
import { AzureError } from "./errors.ts";
import type { AzureIdentity } from "./token-result.ts";

/** Identities of this type prove themselves by a certificate, those of type 1 by a secret. */
const certificateType = 2;

/**
 * Reads what a service principal proves itself by from the Secret that it names: its client secret, or its certificate
 * in PEM with its key, as `tls.crt` and `tls.key` (kubernetes.io/tls) or both under `certificate`, the key encrypted
 * with `password` or not (reference/azure.md §5).
 */
export async function readProof(
  identity: AzureIdentity,
  readSecret: ReadSecret,
): Promise<{ readonly ok: true; readonly proof: ApplicationProof } | CredentialProblem> {
  const secret = await readOwnSecret(identity, readSecret);
  if (!secret.ok) return secret;
  if (identity.spec.type !== certificateType) {
    const chosen = chooseClientSecret(secret);
    if (!chosen.ok) return chosen;
    return { ok: true, proof: { kind: "secret", clientSecret: chosen.clientSecret } };
  }
  const { place, values } = secret;
  const pem = values.get("certificate") ?? pairOf(values);
  if (pem === undefined) {
    return unusable(
      `${place} has neither "tls.crt" with "tls.key" nor "certificate": add the certificate as PEM`,
    );
  }
  try {
    return { ok: true, proof: { kind: "certificate", certificate: read(place, pem, values) } };
  } catch (thrown) {
    if (thrown instanceof AzureError) return unusable(thrown.message);
    throw thrown;
  }
}

function pairOf(values: ReadonlyMap<string, string>): string | undefined {
  const certificate = values.get("tls.crt");
  const key = values.get("tls.key");
  return certificate === undefined || key === undefined ? undefined : `${key}\n${certificate}`;
}

function read(place: string, pem: string, values: ReadonlyMap<string, string>): ClientCertificate {
  return parseCertificate(
    { name: place, password: 'the value under "password"' },
    Buffer.from(pem),
    values.get("password") ?? "",
  );
}
