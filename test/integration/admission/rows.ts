import type { Kind } from "./cluster.ts";

/** A rule of a CRD's schema, with one spec that it lets through and one that it refuses. */
export interface Row {
  readonly kind: Kind;
  /** Where the rule stands, as in `spec.timeBox.windows[].times[]`. */
  readonly at: string;
  /** The rule's message, or `pattern`. */
  readonly rule: string;
  readonly accepted: object;
  readonly refused: object;
}

/** Rows of one field of a kind that share how a value becomes a spec. */
export function rowsFor<T>(
  kind: Kind,
  at: string,
  specOf: (value: T) => object,
  cases: Readonly<Record<string, readonly [accepted: T, refused: T]>>,
): readonly Row[] {
  return Object.entries(cases).map(([rule, [accepted, refused]]) => ({
    kind,
    at,
    rule,
    accepted: specOf(accepted),
    refused: specOf(refused),
  }));
}
