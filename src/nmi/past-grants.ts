import type { Key, Pod } from "../engine/resources.ts";
import type { Allowed } from "./decide.ts";
import type { TokenRequest } from "./request-query.ts";

/** What the policy allowed, for how long is not remembered. */
type PastGrant = Pick<Allowed, "identity" | "bindings">;

/**
 * What pods were allowed when they last asked. It gives nobody anything: it only tells what to ask the policy for, so
 * that a pod which asks again for a token that is at hand costs one decision instead of two.
 */
export interface PastGrants {
  of(pod: Pod, request: TokenRequest): PastGrant | undefined;
  remember(pod: Pod, request: TokenRequest, grant: PastGrant): void;
}

/** A pod asks for few resources, and who asks for ever new ones gains nothing here. */
const mostOfPod = 32;

/** Remembers as long as the pod is the very object that asked: any change of it, and its end, is forgetting. */
export function createPastGrants(): PastGrants {
  const grantsOf = new WeakMap<Pod, Map<string, PastGrant>>();
  return {
    of: (pod, request) => grantsOf.get(pod)?.get(keyOf(request)),
    remember: (pod, request, { identity, bindings }) => {
      const grants = grantsOf.get(pod) ?? new Map<string, PastGrant>();
      const key = keyOf(request);
      if (grants.size >= mostOfPod && !grants.has(key)) return;
      grantsOf.set(pod, grants.set(key, { identity, bindings }));
    },
  };
}

function keyOf({ resource, clientID, objectID, resourceID }: TokenRequest): Key {
  return JSON.stringify([resource, clientID, objectID, resourceID]);
}
