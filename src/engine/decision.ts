import { z } from "zod";

import { isReasonCode, type ReasonCode } from "./reasons.ts";

/**
 * What each entrypoint answers (DESIGN §4). The schemas are strict: an answer of any other shape is
 * a `PolicyError`, never a partial allow.
 */

const reasonSchema = z.strictObject({
  code: z.custom<ReasonCode>(isReasonCode),
  params: z.record(z.string(), z.string()),
});
export type Reason = Readonly<z.infer<typeof reasonSchema>>;

const reasons = z.array(reasonSchema);

/**
 * What custom policy says of its own boundaries: two instants and a span, all in nanoseconds. Without
 * `hints` no custom rule took part, so the search of instants knows every boundary (reference/time-boxes.md §3.5).
 */
const hintsSchema = z
  .strictObject({
    nextTransition: z.number().optional(),
    validUntil: z.number().optional(),
    recheckAfter: z.number().optional(),
  })
  .optional();

const candidateSchema = z.strictObject({
  binding: z.string(),
  identity: z.string(),
  weight: z.number(),
  inForce: z.boolean(),
  reasons,
  probes: z.array(z.boolean()),
});
/** One binding that selects the pod; `probes[i]` says whether it is in force at `input.probes[i]`. */
export type Candidate = z.infer<typeof candidateSchema>;

export const assignDecisionSchema = z.strictObject({
  candidates: z.array(candidateSchema),
  /** Reasons that concern the pod as a whole, e.g. `PolicyError`; empty when the answer stands. */
  reasons,
  hints: hintsSchema,
});
export type AssignDecision = z.infer<typeof assignDecisionSchema>;

const limitsSchema = z.strictObject({
  /** Shorten the lifetime told to the client to `validUntil`. */
  clampResponse: z.boolean(),
  /** Refuse when less than this many seconds are left in the box. */
  minLifetimeSeconds: z.number().int().nonnegative(),
  /** Refuse a token whose real expiry lies more than this many seconds past `validUntil`; null = no bound. */
  maxOverhangSeconds: z.number().int().nonnegative().nullable(),
});
export type Limits = z.infer<typeof limitsSchema>;

const tokenAllowedSchema = z.strictObject({
  allow: z.literal(true),
  outcome: z.literal("allowed"),
  identity: z.string(),
  binding: z.string(),
  /** Every binding that gives this pod this identity; the wake-up search looks into all of them. */
  bindings: z.array(z.string()),
  reasons,
  probes: z.array(z.boolean()),
  limits: limitsSchema,
  hints: hintsSchema,
});
const tokenRefusedSchema = z.strictObject({
  allow: z.literal(false),
  /** denied: known and refused. pending: will open by itself within moments. unknown: no such identity for this pod. */
  outcome: z.enum(["denied", "pending", "unknown"]),
  /** The identity that was meant, when that much is known. */
  identity: z.string().optional(),
  binding: z.string().optional(),
  bindings: z.array(z.string()),
  reasons: reasons.min(1),
  probes: z.array(z.boolean()),
});
export const tokenDecisionSchema = z.discriminatedUnion("allow", [tokenAllowedSchema, tokenRefusedSchema]);
export type TokenDecision = z.infer<typeof tokenDecisionSchema>;

export const exemptDecisionSchema = z.strictObject({
  exempt: z.boolean(),
  exception: z.string().optional(),
  reasons,
});
export type ExemptDecision = z.infer<typeof exemptDecisionSchema>;

export const validateDecisionSchema = z.strictObject({
  valid: z.boolean(),
  reasons,
  /** Of a valid time box: the zones whose clocks decisions read, and those in which they need the day before. */
  zones: z.array(z.string()).optional(),
  nightZones: z.array(z.string()).optional(),
});
export type ValidateDecision = z.infer<typeof validateDecisionSchema>;
