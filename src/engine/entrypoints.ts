import { z } from "zod";

import {
  assignDecisionSchema,
  exemptDecisionSchema,
  tokenDecisionSchema,
  validateDecisionSchema,
  type AssignDecision,
  type ExemptDecision,
  type TokenDecision,
  type ValidateDecision,
} from "./decision.ts";
import type { AssignInput, ExemptInput, TokenInput, ValidateInput } from "./input.ts";

/** The questions the policy answers: input and answer of each entrypoint (DESIGN §4). */
export interface Entrypoints {
  readonly assign: { readonly input: AssignInput; readonly decision: AssignDecision };
  readonly token: { readonly input: TokenInput; readonly decision: TokenDecision };
  readonly exempt: { readonly input: ExemptInput; readonly decision: ExemptDecision };
  readonly validate: { readonly input: ValidateInput; readonly decision: ValidateDecision };
}
export type Entrypoint = keyof Entrypoints;

interface Contract<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  readonly refusal: T;
  /** The answer of rules that may change at instants which the host cannot know: as if they had hinted at nothing. */
  readonly withUnknownBoundaries: (decision: T) => T;
}

const reasons: { code: "PolicyError"; params: Record<string, string> }[] = [
  { code: "PolicyError", params: {} },
];

/** Where a question is answered, what an answer must look like, and the refusal for one that does not. */
export const contracts: { readonly [E in Entrypoint]: Contract<Entrypoints[E]["decision"]> } = {
  assign: {
    path: "podid/assign/decision",
    schema: z.compile(assignDecisionSchema),
    refusal: { candidates: [], reasons },
    withUnknownBoundaries: (decision) => ({ hints: {}, ...decision }),
  },
  token: {
    path: "podid/token/decision",
    schema: z.compile(tokenDecisionSchema),
    refusal: { allow: false, outcome: "denied", bindings: [], reasons, probes: [] },
    withUnknownBoundaries: (decision) => (decision.allow ? { hints: {}, ...decision } : decision),
  },
  exempt: {
    path: "podid/exempt/decision",
    schema: z.compile(exemptDecisionSchema),
    refusal: { exempt: false, reasons },
    withUnknownBoundaries: (decision) => decision,
  },
  validate: {
    path: "podid/validate/decision",
    schema: z.compile(validateDecisionSchema),
    refusal: { valid: false, reasons },
    withUnknownBoundaries: (decision) => decision,
  },
};
