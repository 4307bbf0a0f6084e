import { z } from "zod";

import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import type { Right } from "./rights.ts";

const review = z.object({ status: z.object({ allowed: z.boolean() }) });

/**
 * Which of `rights` we lack, by what the API server itself says of each (SelfSubjectAccessReview), in words; empty when
 * none. Asked before the work begins, which would otherwise try for ever and tell it a request at a time.
 * @throws KubernetesError when the server does not answer.
 */
export async function findMissingRights(
  api: Pick<KubernetesApi, "call">,
  rights: readonly Right[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const answers = await Promise.all(rights.map((right) => isAllowed(api, right, signal)));
    return describe(rights.filter((_, index) => answers[index] !== true));
  } catch (thrown) {
    if (!(thrown instanceof KubernetesError) || thrown.code !== "Forbidden") throw thrown;
    return [`may not ask what it may do, which the ClusterRole system:basic-user allows (${thrown.message})`];
  }
}

async function isAllowed(
  api: Pick<KubernetesApi, "call">,
  { verb, group, resource: path, name, namespace }: Right,
  signal: AbortSignal,
): Promise<boolean> {
  const [resource, subresource] = path.split("/");
  const resourceAttributes = { verb, group, resource, subresource, name, namespace };
  const answer = await api.call({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes },
    },
    signal,
  });
  const result = review.safeParse(answer);
  if (!result.success)
    throw new KubernetesError("Unreachable", "the server answered no SelfSubjectAccessReview");
  return result.data.status.allowed;
}

/** A part for each resource: what else there is to read is long enough. */
function describe(missing: readonly Right[]): readonly string[] {
  const verbs = new Map<string, Set<string>>();
  for (const { verb, group, resource, namespace } of missing) {
    const suffix = group === "" ? "" : `.${group}`;
    const [plural, subresource] = resource.split("/");
    const what = `${plural}${suffix}${subresource === undefined ? "" : `/${subresource}`}`;
    const where = namespace === undefined ? "" : ` in namespace ${namespace}`;
    const key = `${what}${where}`;
    verbs.set(key, (verbs.get(key) ?? new Set()).add(verb));
  }
  return [...verbs].map(([what, which]) => `may not ${[...which].join(", ")} ${what}`);
}
