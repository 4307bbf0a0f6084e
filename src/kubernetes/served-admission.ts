import { z } from "zod";

import type { KubernetesApi } from "./api.ts";

/**
 * The admission policies that make `requester`, `approver` and `revokedBy` more than text that anybody may type
 * (deploy/admission). Kubernetes itself writes no creator into custom objects.
 */
const policiesOfAccess = [
  "podid-access-deletion",
  "podid-approval",
  "podid-approval-deletion",
  "podid-approval-of-grant",
  "podid-grant-request",
  "podid-grant-revocation",
];

const group = "/apis/admissionregistration.k8s.io/v1";
const nothing = z.object({}).strict();
const selector = nothing.nullish();
const policies = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ failurePolicy: z.string().nullish() }),
    }),
  ),
});
const bindings = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        policyName: z.string(),
        validationActions: z.array(z.string()),
        matchResources: z
          .looseObject({ namespaceSelector: z.unknown(), objectSelector: z.unknown() })
          .partial()
          .nullish(),
      }),
    }),
  ),
});
type Binding = z.infer<typeof bindings>["items"][number];

/**
 * What the cluster lacks for grants and approvals to be believed, a line each; empty when nothing. While something
 * lacks, nobody may count them: a grant in another's name would open what nobody meant to open
 * (reference/time-boxes.md §2.4).
 * @throws KubernetesError when the API server does not answer.
 */
export async function findAdmissionFaults(
  api: Pick<KubernetesApi, "call">,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const list = (plural: string): Promise<unknown> =>
    api.call({ method: "GET", path: `${group}/${plural}`, ...(signal === undefined ? {} : { signal }) });
  const [foundPolicies, foundBindings] = await Promise.all([
    list("validatingadmissionpolicies").then((body) => policies.parse(body).items),
    list("validatingadmissionpolicybindings").then((body) => bindings.parse(body).items),
  ]);
  const strict = new Set(
    // Absent means Fail.
    foundPolicies.filter(({ spec }) => spec.failurePolicy !== "Ignore").map(({ metadata }) => metadata.name),
  );
  const enforced = new Set(foundBindings.filter(isEverywhere).map(({ spec }) => spec.policyName));
  return policiesOfAccess
    .filter((name) => !strict.has(name) || !enforced.has(name))
    .map((name) => {
      const what = strict.has(name) ? "binding that denies everywhere" : "policy with failurePolicy Fail";
      return `the cluster has no ValidatingAdmissionPolicy ${name} (${what}): kubectl apply --server-side -f deploy/admission`;
    });
}

function isEverywhere({ spec }: Binding): boolean {
  const { namespaceSelector, objectSelector } = spec.matchResources ?? {};
  return (
    spec.validationActions.includes("Deny") &&
    selector.safeParse(namespaceSelector).success &&
    selector.safeParse(objectSelector).success
  );
}
