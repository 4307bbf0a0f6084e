import type { AzureIdentity } from "./token-result.ts";

/** Reads a Secret's values, decoded; undefined when there is none by that name. */
export type ReadSecret = (
  namespace: string,
  name: string,
) => Promise<ReadonlyMap<string, string> | undefined>;

export type ClientSecretResult =
  | { readonly ok: true; readonly clientSecret: string }
  | { readonly ok: false; readonly kind: "credential" | "unavailable"; readonly problem: string };

/** aad-pod-identity took the first value in random order: its users wrote all of these (azure.md §5). */
const preferredKeys = ["clientSecret", "ClientSecret", "clientPassword"];

/**
 * Reads the secret of a type 1 identity: the value under a preferred key, else under the only key.
 * `problem` names the Secret and the fix, never a value. A Secret of another namespace is refused: who may
 * write an AzureIdentity here could otherwise spend what others keep there (decision 0007).
 */
export async function readClientSecret(
  identity: AzureIdentity,
  readSecret: ReadSecret,
): Promise<ClientSecretResult> {
  const reference = identity.spec.clientPassword;
  if (reference === null || reference.name === "") {
    return { ok: false, kind: "credential", problem: "spec.clientPassword is empty: name the Secret" };
  }
  const place = `Secret ${reference.namespace}/${reference.name}`;
  if (reference.namespace !== identity.namespace) {
    const problem = `${place} is not in the identity's namespace ${identity.namespace}: copy it there`;
    return { ok: false, kind: "credential", problem };
  }
  try {
    const values = await readSecret(reference.namespace, reference.name);
    if (values === undefined) {
      return { ok: false, kind: "credential", problem: `${place} does not exist: create it` };
    }
    return chooseValue(place, values);
  } catch {
    // The error of whoever reads Secrets may quote what it read.
    const fix = `if NMI may not, bind ClusterRole podid-nmi-secrets in namespace ${reference.namespace}`;
    return { ok: false, kind: "unavailable", problem: `${place} could not be read; ${fix}` };
  }
}

function chooseValue(place: string, values: ReadonlyMap<string, string>): ClientSecretResult {
  const key =
    preferredKeys.find((one) => values.has(one)) ?? (values.size === 1 ? [...values.keys()][0] : undefined);
  const clientSecret = key === undefined ? undefined : values.get(key);
  if (key === undefined || clientSecret === undefined) {
    return { ok: false, kind: "credential", problem: `${place} has no key "clientSecret": add it` };
  }
  if (clientSecret === "") {
    return {
      ok: false,
      kind: "credential",
      problem: `${place} is empty under "${key}": put the secret there`,
    };
  }
  return { ok: true, clientSecret };
}
