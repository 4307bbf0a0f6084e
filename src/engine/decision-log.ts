import { createHash, randomUUID } from "node:crypto";

import type { Reason } from "./decision.ts";
import type { Entrypoint, Entrypoints } from "./entrypoints.ts";

/** What is kept of a decision: enough to find and repeat it, nothing of what was asked about. */
export interface DecisionRecord {
  readonly id: string;
  readonly revision: string;
  /** Of the bundle. With the same digest, input digest, data and tz version the answer is the same. */
  readonly digest: string;
  readonly entrypoint: Entrypoint;
  /** `input.now`; null where time plays no part. */
  readonly now: number | null;
  readonly outcome: string;
  readonly reasons: readonly Reason[];
  /** `sha256:…` of the input as JSON with sorted keys. */
  readonly inputDigest: string;
  /** Release of the time zone data that judged. */
  readonly tz: string;
  readonly durationMs: number;
}

type Outcome = Pick<DecisionRecord, "outcome" | "reasons">;

const outcomes: { readonly [E in Entrypoint]: (decision: Entrypoints[E]["decision"]) => Outcome } = {
  assign: ({ candidates, reasons }) => ({
    outcome: candidates.some(({ inForce }) => inForce) ? "open" : "closed",
    reasons: [...reasons, ...candidates.flatMap((candidate) => candidate.reasons)],
  }),
  token: ({ outcome, reasons }) => ({ outcome, reasons }),
  exempt: ({ exempt, reasons }) => ({ outcome: exempt ? "exempt" : "subject", reasons }),
  validate: ({ valid, reasons }) => ({ outcome: valid ? "valid" : "invalid", reasons }),
};

/** Writes down one decision that took `durationMs`. */
export function recordDecision<E extends Entrypoint>(
  policy: { readonly revision: string; readonly digest: string },
  entrypoint: E,
  input: Entrypoints[E]["input"],
  decision: Entrypoints[E]["decision"],
  durationMs: number,
): DecisionRecord {
  const { revision, digest } = policy;
  return {
    id: randomUUID(),
    revision,
    digest,
    entrypoint,
    now: "now" in input ? input.now : null,
    ...outcomes[entrypoint](decision),
    inputDigest: `sha256:${createHash("sha256").update(canonicalJson(input)).digest("hex")}`,
    tz: process.versions["tz"] ?? "",
    durationMs,
  };
}

/** JSON text that does not depend on the order in which an object was built. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).toSorted(byKey)) : part,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function byKey([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
