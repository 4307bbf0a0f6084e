import type { KubernetesApi } from "./api.ts";
import { type Collection, listPages } from "./list-pages.ts";
import {
  differenceFrom,
  parseServedAdmission,
  type AdmissionKind,
  type ServedAdmission,
  type ShippedAdmission,
} from "./served-admission-object.ts";

/** Whose grants and approvals the cluster's admission vouches for. */
export type Vouching =
  /** Nobody's: what the cluster lacks, a line for each object. */
  | { readonly inForce: false; readonly faults: readonly string[] }
  /** What was created after this, unix milliseconds. */
  | { readonly inForce: true; readonly afterMs: number };

/**
 * What is to be done about a fault. Not by applying: that conflicts with the client-side way, and leaves in place what
 * others have added. What is created anew says itself since when it stands.
 */
export const admissionRemedy = "kubectl replace --force -f deploy/admission";

/**
 * A new policy is enforced half a second after it was written (reference/kubernetes.md §2.2), API servers differ in
 * their clocks, and timestamps are in whole seconds.
 */
export const settlingMs = 10_000;
const namedFaults = 3;

const paths: Readonly<Record<AdmissionKind, string>> = {
  ValidatingAdmissionPolicy: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  ValidatingAdmissionPolicyBinding: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
};

export function admissionCollection(kind: AdmissionKind): Collection {
  return { path: paths[kind], selectors: {} };
}

/**
 * Compares what is served with what ships. Kubernetes itself writes no creator into custom objects: where one of these
 * policies or bindings is not the very one that ships, a grant's requester may be what anybody typed, and where it has
 * been another since, nobody can tell who asked before (reference/time-boxes.md §2.4). All of them guard all grants:
 * while deletions were free a Deny may have gone.
 */
export function assessAdmission(
  shipped: readonly ShippedAdmission[],
  served: (kind: AdmissionKind, name: string) => ServedAdmission | undefined,
): Vouching {
  const faults: string[] = [];
  let afterMs = Number.NEGATIVE_INFINITY;
  for (const wanted of shipped) {
    const found = served(wanted.kind, wanted.name);
    const fault = faultOf(wanted, found);
    if (fault !== null) faults.push(`${wanted.kind} ${wanted.name}: ${fault}`);
    afterMs = Math.max(afterMs, (found?.changedAtMs ?? 0) + settlingMs);
  }
  return faults.length > 0 ? { inForce: false, faults } : { inForce: true, afterMs };
}

/** Faults in one line, also when there are many. */
export function faultsInShort(faults: readonly string[]): string {
  const more = faults.length > namedFaults ? [`${faults.length - namedFaults} more`] : [];
  return [...faults.slice(0, namedFaults), ...more].join("; ");
}

function faultOf(wanted: ShippedAdmission, found: ServedAdmission | undefined): string | null {
  if (found === undefined) return "the cluster has none";
  const difference = differenceFrom(wanted, found);
  if (difference !== null) return difference;
  return found.changedAtMs === null ? "it does not say when it was last changed" : null;
}

/**
 * Whose grants and approvals are vouched for now.
 * @throws KubernetesError when the API server does not answer.
 */
export async function readVouching(
  api: Pick<KubernetesApi, "call">,
  shipped: readonly ShippedAdmission[],
  signal: AbortSignal,
): Promise<Vouching> {
  const read = async (kind: AdmissionKind): Promise<ReadonlyMap<string, ServedAdmission>> => {
    const found = new Map<string, ServedAdmission>();
    const names = new Set(shipped.map(({ name }) => name));
    await listPages(api, admissionCollection(kind), "newest", {
      signal,
      onObject: ({ key, content }) => {
        const object = names.has(key) ? parseServedAdmission(content) : null;
        if (object !== null) found.set(key, object);
      },
    });
    return found;
  };
  const [policies, bindings] = await Promise.all([
    read("ValidatingAdmissionPolicy"),
    read("ValidatingAdmissionPolicyBinding"),
  ]);
  return assessAdmission(shipped, (kind, name) =>
    (kind === "ValidatingAdmissionPolicy" ? policies : bindings).get(name),
  );
}
