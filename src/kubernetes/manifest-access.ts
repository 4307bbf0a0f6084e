import { isJsonObject, type JsonObject } from "./json.ts";
import type { Finding } from "./manifest-problem.ts";
import type { AzureIdentityAccessApproval, AzureIdentityAccessGrant } from "./resources.ts";

/**
 * Said of each grant while an approval may be missing. Leaving out what is bad closes, but for a Deny:
 * without it a grant would live again. So no grant is served until all is read.
 */
export const withheldGrant =
  "not served: a Deny may be among what is not understood in this folder; correct the other problems first";

/** What a folder with grants has to say: admission policies pin both names, and run in API servers only. */
export const unvouchedNames =
  "no API server vouches for requester and approver: grants and approvals are taken as written";

/**
 * In a cluster the server sets it. Here nobody may invent it, because access is counted from it.
 * A Deny counts without: it ends its grant at every instant.
 */
export function creationFindings({
  kind,
  raw,
}: {
  readonly kind: string;
  readonly raw: JsonObject;
}): readonly Finding[] {
  const loss = lossWithoutCreation[kind];
  const { metadata, spec } = raw;
  const stamped = isJsonObject(metadata) && metadata["creationTimestamp"] != null;
  const denies = isJsonObject(spec) && spec["decision"] === "Deny";
  if (loss === undefined || stamped || denies) return [];
  const message = `missing: set it to an instant such as 2026-01-01T00:00:00Z; without it ${loss}`;
  return [{ path: ["metadata", "creationTimestamp"], message }];
}

const lossWithoutCreation: Readonly<Record<string, string>> = {
  AzureIdentityAccessGrant: "the grant can never be active",
  AzureIdentityAccessApproval: "the approval does not count",
};

/**
 * Why an approval counts for nothing, as far as that can be seen without a clock: a vote names its
 * grant, the grant's uid and its binding (reference/time-boxes.md §2.4). Undefined when it may count.
 * `grant` is the one that it names, if there is one; its uid is "" when its manifest gives none.
 */
export function approvalFault(
  { namespace, spec }: AzureIdentityAccessApproval,
  grant: AzureIdentityAccessGrant | undefined,
):
  | { readonly field: "spec.grantName" | "spec.grantUID" | "spec.bindingName"; readonly message: string }
  | undefined {
  const name = `AzureIdentityAccessGrant ${namespace}/${spec.grantName}`;
  if (grant === undefined) {
    return { field: "spec.grantName", message: `there is no ${name} here, so the approval does not count` };
  }
  if (grant.uid === "") {
    const fix = `write metadata.uid: ${spec.grantUID} there, if that one is meant`;
    return { field: "spec.grantUID", message: `matches no grant: ${name} gives no uid; ${fix}` };
  }
  if (grant.uid !== spec.grantUID) {
    const fix = `${name} has uid ${grant.uid}; write that, if that one is meant`;
    return { field: "spec.grantUID", message: `matches no grant: ${fix}` };
  }
  if (grant.spec.bindingName !== spec.bindingName) {
    return { field: "spec.bindingName", message: `must be ${grant.spec.bindingName}, as in ${name}` };
  }
  return undefined;
}
