import type { AzureIdentity } from "./token-result.ts";

/** Reads a Secret's values, decoded; undefined when there is none by that name. */
export type ReadSecret = (
  namespace: string,
  name: string,
) => Promise<ReadonlyMap<string, string> | undefined>;

/** Why a credential of the cluster cannot be used. */
export interface CredentialProblem {
  readonly ok: false;
  readonly kind: "credential" | "unavailable";
  readonly problem: string;
}

/** A Secret's values, and how to call it in messages. */
interface SecretValues {
  readonly ok: true;
  readonly place: string;
  readonly values: ReadonlyMap<string, string>;
}

/** aad-pod-identity took the first value in random order: its users wrote all of these (azure.md §5). */
const preferredKeys = ["clientSecret", "ClientSecret", "clientPassword"];

/**
 * Reads the Secret that an identity names. `problem` names it and the fix, never a value. A Secret of another
 * namespace is refused: who may write an AzureIdentity here could otherwise spend what others keep there (decision
 * 0007).
 */
export async function readOwnSecret(
  identity: AzureIdentity,
  readSecret: ReadSecret,
): Promise<SecretValues | CredentialProblem> {
  const reference = identity.spec.clientPassword;
  if (reference === null || reference.name === "") {
    return unusable("spec.clientPassword is empty: name the Secret");
  }
  const place = `Secret ${reference.namespace}/${reference.name}`;
  if (reference.namespace !== identity.namespace) {
    return unusable(`${place} is not in the identity's namespace ${identity.namespace}: copy it there`);
  }
  try {
    const values = await readSecret(reference.namespace, reference.name);
    if (values === undefined) return unusable(`${place} does not exist: create it`);
    return { ok: true, place, values };
  } catch {
    // The error of whoever reads Secrets may quote what it read.
    return { ok: false, kind: "unavailable", problem: `${place} could not be read` };
  }
}

/** The secret of a type 1 identity: the value under a preferred key, else under the only key. */
export function chooseClientSecret({
  place,
  values,
}: SecretValues): { readonly ok: true; readonly clientSecret: string } | CredentialProblem {
  const key =
    preferredKeys.find((one) => values.has(one)) ?? (values.size === 1 ? [...values.keys()][0] : undefined);
  const clientSecret = key === undefined ? undefined : values.get(key);
  if (key === undefined || clientSecret === undefined) {
    return unusable(`${place} has no key "clientSecret": add it`);
  }
  if (clientSecret === "") return unusable(`${place} is empty under "${key}": put the secret there`);
  return { ok: true, clientSecret };
}

/** A problem that only a person can solve. */
export function unusable(problem: string): CredentialProblem {
  return { ok: false, kind: "credential", problem };
}
