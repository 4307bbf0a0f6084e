import { z } from "zod";

import { counted, metadata, stored, text } from "./projection-fields.ts";

/** Optional text for which absent and empty differ. */
const optionalText = z
  .string()
  .nullish()
  .transform((value) => value ?? null);

const grantSpec = z.object({
  bindingName: text,
  requester: text,
  justification: text,
  ticket: text,
  for: text,
  notBefore: optionalText,
  podName: optionalText,
  revoked: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  revokedBy: text,
  revokeReason: text,
});

const approvalSpec = z.object({
  grantName: text,
  grantUID: text,
  bindingName: text,
  approver: text,
  decision: text,
  comment: text,
});

/** From a raw AzureIdentityAccessGrant to the shape in resources.ts. */
export const azureIdentityAccessGrant = z
  .object({ metadata, spec: grantSpec.nullish() })
  .transform(({ metadata: meta, spec }) => ({
    ...stored(meta),
    ...counted(meta),
    spec: spec ?? grantSpec.parse({}),
  }));

/** From a raw AzureIdentityAccessApproval to the shape in resources.ts. */
export const azureIdentityAccessApproval = z
  .object({ metadata, spec: approvalSpec.nullish() })
  .transform(({ metadata: meta, spec }) => ({ ...stored(meta), spec: spec ?? approvalSpec.parse({}) }));
