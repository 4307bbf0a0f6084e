import { recordedTarget } from "../engine/assigned-objects.ts";
import { keyOf } from "../engine/cluster-document.ts";
import type { Cluster, NewAssignedIdentity } from "./ports.ts";
import type { UnsentIdentities } from "./unsent-identities.ts";

/**
 * Writes `object`; `id` is the lower-cased id of the identity that it is the first to answer for, of which ARM has not been
 * asked yet, or null when it may have been. One that was made before, and that a watch has not shown yet, stands.
 * @throws what the store says.
 */
export async function makeObject(
  { cluster, unsent }: { readonly cluster: Cluster; readonly unsent: UnsentIdentities },
  object: NewAssignedIdentity,
  id: string | null,
): Promise<void> {
  const target = recordedTarget(object);
  const key = keyOf(object);
  const mayStand = id !== null && target !== null && unsent.objectOf(target, id) === key;
  try {
    await cluster.createAssignedIdentity(object);
  } catch (thrown) {
    if (!mayStand || !isThereAlready(thrown)) throw thrown;
  }
  if (id !== null && target !== null) unsent.add(target, id, key);
}

function isThereAlready(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "AlreadyExists";
}
