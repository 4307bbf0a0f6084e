/** Whether an identity stays where it is, whoever asks to remove it. `clientID`: what ARM shows of it, if it does. */
export type IsImmutable = (resourceID: string, clientID: string | undefined) => boolean;

/**
 * The rule for `names`: client ids or resource ids, in any letter case (`--immutable-user-msis` of the reference, and
 * the cluster's own identity). They are asked for each time, for a configuration can change. Client ids are looked up in
 * ARM's answer: what an AzureIdentity says may be wrong, and the reference then removed the identity
 * (aad-pod-identity.md §5.3).
 */
export function immutableIdentities(names: () => readonly string[]): IsImmutable {
  return (resourceID, clientID) => {
    const keys = new Set(names().map((name) => name.trim().toLowerCase()));
    return keys.has(resourceID.toLowerCase()) || (clientID !== undefined && keys.has(clientID.toLowerCase()));
  };
}
