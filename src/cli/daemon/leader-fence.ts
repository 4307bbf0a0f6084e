import type { Cluster, Compute, ComputeResult } from "../../controller/ports.ts";

/**
 * The API does not fence a leader that stood still: so every effect asks first whether we lead at this
 * very moment (reference/kubernetes.md §5.3). Reads go through.
 */
export function fenceCompute(compute: Compute, isLeader: () => boolean): Compute {
  return {
    getIdentities: (target, signal) => compute.getIdentities(target, signal),
    changeIdentities: async (target, change, signal) =>
      isLeader() ? compute.changeIdentities(target, change, signal) : notLeading,
  };
}

const notLeading: ComputeResult = {
  ok: false,
  failure: {
    kind: "unavailable",
    retryAfterSeconds: null,
    identities: [],
    detail: "another controller leads now",
  },
};

/** The writes of `cluster`, while we lead; later ones reject. */
export function fenceCluster(cluster: Cluster, isLeader: () => boolean): Cluster {
  // Nothing comes between the question and the write, not even a turn of the event loop.
  const leading = <T>(write: () => Promise<T>): Promise<T> =>
    isLeader() ? write() : Promise.reject(new Error("another controller leads now"));
  return {
    ...cluster,
    createAssignedIdentity: (object) => leading(() => cluster.createAssignedIdentity(object)),
    replaceAssignedIdentity: (object) => leading(() => cluster.replaceAssignedIdentity(object)),
    patchAssignedIdentityStatus: (key, patch) =>
      leading(() => cluster.patchAssignedIdentityStatus(key, patch)),
    applyBindingStatus: (key, status) => leading(() => cluster.applyBindingStatus(key, status)),
    applyGrantStatus: (key, status) => leading(() => cluster.applyGrantStatus(key, status)),
    deleteAssignedIdentity: (key) => leading(() => cluster.deleteAssignedIdentity(key)),
  };
}
