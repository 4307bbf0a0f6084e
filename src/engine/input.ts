import { z } from "zod";

/**
 * What each entrypoint is asked (DESIGN §4). `policies/schemas/*.json` are generated from these
 * schemas, so that `opa check` catches a misspelt field in a policy.
 */

// Not `.int()`, which stops at 2^53: whole seconds in nanoseconds are exact far beyond it.
const nanoseconds = z.number().describe("whole seconds, as nanoseconds since 1970");

const podSchema = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  serviceAccount: z.string(),
  node: z.string(),
  phase: z.string(),
  startTime: z.string().optional(),
});

const modeSchema = z.strictObject({ namespaced: z.boolean() });

export const assignInputSchema = z.strictObject({
  now: nanoseconds,
  probes: z.array(nanoseconds),
  pod: podSchema,
  mode: modeSchema,
});
export type AssignInput = Readonly<z.infer<typeof assignInputSchema>>;

export const tokenInputSchema = assignInputSchema.extend({
  request: z.strictObject({
    resource: z.string(),
    clientID: z.string().optional(),
    objectID: z.string().optional(),
    resourceID: z.string().optional(),
  }),
  assigned: z.array(z.strictObject({ identity: z.string(), state: z.string() })),
  caches: z.strictObject({ ageSeconds: z.number().int().nonnegative() }),
});
export type TokenInput = Readonly<z.infer<typeof tokenInputSchema>>;

export const exemptInputSchema = z.strictObject({ pod: podSchema });
export type ExemptInput = Readonly<z.infer<typeof exemptInputSchema>>;

export const validateInputSchema = z.strictObject({
  kind: z.enum([
    "AzureIdentityBinding",
    "AzureIdentity",
    "AzureIdentityAccessGrant",
    "AzureIdentityAccessApproval",
  ]),
  object: z.record(z.string(), z.unknown()),
});
export type ValidateInput = Readonly<z.infer<typeof validateInputSchema>>;
