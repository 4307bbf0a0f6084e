import { z } from "zod";

const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const reasons = z.array(
  z.strictObject({ code: z.string(), params: z.record(z.string(), z.string()), text: z.string().min(1) }),
);

/** DESIGN §5 and docs/custom-policies.md, field by field: people script it, so nothing may be missing, added or renamed. */
export const explanationSchema = z.strictObject({
  pod: z.string(),
  at: instant,
  policy: z.strictObject({ revision: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
  exempt: z.boolean(),
  policyFault: z.string().nullable(),
  customRules: z
    .strictObject({ askAgainAt: instant, because: z.enum(["declared", "recheckAfter", "unknown"]) })
    .nullable(),
  identities: z.array(
    z.strictObject({
      identity: z.string(),
      binding: z.string(),
      weight: z.int(),
      inForce: z.boolean(),
      default: z.boolean(),
      reasons,
      validUntil: instant.nullable(),
      nextTransition: instant.nullable(),
      nextState: z.enum(["open", "closed"]).nullable(),
      assignment: z.enum(["Assigned", "Created", "Unassigned", "none"]),
    }),
  ),
  token: z.strictObject({
    status: z.int(),
    outcome: z.enum(["allowed", "denied", "pending", "unknown"]),
    reasons,
  }),
  fix: z.string().nullable(),
});
