import type { ReasonCode } from "../../../src/engine/reasons.ts";

/** from, to, what ends when it opens (null: open before the range), what closes it (null: open beyond). */
export type Expected = readonly [
  from: string,
  to: string,
  opens: readonly ReasonCode[] | null,
  closes: readonly ReasonCode[] | null,
];

/** An acceptance scenario of reference/time-boxes.md §6, by number, and the whole of what is open in a range. */
export interface Scenario {
  readonly name: string;
  readonly timeBox: object;
  /** The binding's creationTimestamp. */
  readonly created?: string;
  /** The pod's status.startTime. */
  readonly startTime?: string;
  /** Grants and approvals. */
  readonly access?: readonly object[];
  readonly from: string;
  readonly to: string;
  readonly intervals: readonly Expected[];
  /** Reasons of the closed spans in order; undefined: not looked at. */
  readonly closed?: readonly (readonly ReasonCode[])[];
}
