import type { z } from "zod";

import type { Bundle } from "./bundle.ts";
import type { ClusterDocument } from "./cluster-document.ts";
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
import { EngineError } from "./errors.ts";
import type { AssignInput, ExemptInput, TokenInput, ValidateInput } from "./input.ts";
import { createInstancePool } from "./instance-pool.ts";

/** The questions the policy answers: input and answer of each entrypoint (DESIGN §4). */
export interface Entrypoints {
  readonly assign: { readonly input: AssignInput; readonly decision: AssignDecision };
  readonly token: { readonly input: TokenInput; readonly decision: TokenDecision };
  readonly exempt: { readonly input: ExemptInput; readonly decision: ExemptDecision };
  readonly validate: { readonly input: ValidateInput; readonly decision: ValidateDecision };
}
export type Entrypoint = keyof Entrypoints;

/** Asks the policy. Synchronous and total: anything odd is a refusal with reason `PolicyError`. */
export interface Decider {
  decide<E extends Entrypoint>(entrypoint: E, input: Entrypoints[E]["input"]): Entrypoints[E]["decision"];
}

export interface Engine extends Decider {
  readonly revision: string;
  readonly digest: string;
  /** Replaces `data.cluster` for all later decisions. When it fails, every decision is a refusal. */
  setData(cluster: ClusterDocument): void;
}

export interface EngineOptions {
  /** Told of every fault behind a `PolicyError`; must not throw. */
  readonly onFault?: (fault: EngineError) => void;
}

/** What an answer must look like, and the refusal that stands in for one that does not. */
const contracts: { readonly [E in Entrypoint]: Contract<Entrypoints[E]["decision"]> } = {
  assign: { schema: assignDecisionSchema, refusal: { candidates: [], reasons: policyError() } },
  token: {
    schema: tokenDecisionSchema,
    refusal: { allow: false, outcome: "denied", bindings: [], reasons: policyError(), probes: [] },
  },
  exempt: { schema: exemptDecisionSchema, refusal: { exempt: false, reasons: policyError() } },
  validate: { schema: validateDecisionSchema, refusal: { valid: false, reasons: policyError() } },
};

interface Contract<T> {
  readonly schema: z.ZodType<T>;
  readonly refusal: T;
}

function policyError(): { code: "PolicyError"; params: Record<string, string> }[] {
  return [{ code: "PolicyError", params: {} }];
}

const pathOf = (entrypoint: Entrypoint): string => `podid/${entrypoint}/decision`;

/**
 * Makes an engine that answers by `bundle` (DESIGN §4).
 * @throws EngineError when the module cannot run here; a bundle that loads never throws later.
 */
export async function createEngine(bundle: Bundle, options: EngineOptions = {}): Promise<Engine> {
  const onFault = options.onFault ?? ((): void => undefined);
  const paths = Object.keys(contracts).map((name) => `podid/${name}/decision`);
  const pool = await createInstancePool(bundle, paths, onFault);
  return {
    revision: bundle.revision,
    digest: bundle.digest,
    setData: (cluster) => pool.setData(JSON.stringify({ ...bundle.data, cluster })),
    decide: (entrypoint, input) => {
      const { schema, refusal } = contracts[entrypoint];
      const answer = pool.evaluate(pathOf(entrypoint), input);
      if (!answer.ok) return refusal;
      const parsed = schema.safeParse(answer.result);
      if (parsed.success) return parsed.data;
      const message = `${pathOf(entrypoint)} answered in an unknown shape`;
      onFault(new EngineError("EvaluationFailed", message, { cause: parsed.error }));
      return refusal;
    },
  };
}
