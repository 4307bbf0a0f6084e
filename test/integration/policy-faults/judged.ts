import type { ClusterSource } from "../../../src/engine/cluster-decider.ts";
import type {
  AzureIdentity,
  AzureIdentityAccessApproval,
  AzureIdentityAccessGrant,
  AzureIdentityBinding,
  AzurePodIdentityException,
  Namespace,
} from "../../../src/engine/resources.ts";
import type { MemoryResources } from "../../unit/nmi/memory-resources.ts";

interface Judged {
  readonly AzureIdentity: AzureIdentity;
  readonly AzureIdentityBinding: AzureIdentityBinding;
  readonly AzureIdentityAccessGrant: AzureIdentityAccessGrant;
  readonly AzureIdentityAccessApproval: AzureIdentityAccessApproval;
  readonly AzurePodIdentityException: AzurePodIdentityException;
  readonly Namespace: Namespace;
}

/** The objects of NMI's tests as the policy's source; there are no exceptions and no namespaces. */
export function judged(resources: MemoryResources): ClusterSource {
  const lists: { readonly [K in keyof Judged]: () => readonly Judged[K][] } = {
    AzureIdentity: () => resources.list("AzureIdentity"),
    AzureIdentityBinding: () => resources.list("AzureIdentityBinding"),
    AzureIdentityAccessGrant: () => resources.list("AzureIdentityAccessGrant"),
    AzureIdentityAccessApproval: () => resources.list("AzureIdentityAccessApproval"),
    AzurePodIdentityException: () => [],
    Namespace: () => [],
  };
  return {
    list: <K extends keyof Judged>(kind: K): readonly Judged[K][] => lists[kind](),
    subscribe: (listener) => resources.subscribe(listener),
  };
}
