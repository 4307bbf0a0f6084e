export const relistReasons = ["start", "expired", "error", "silence", "drift"] as const;

/** Why a reflector read everything anew. */
export type RelistReason = (typeof relistReasons)[number];

/** What has happened to one reflector since it was made. */
export interface ReflectorStats {
  readonly relists: Readonly<Record<RelistReason, number>>;
  /** Watches that were opened again from the last resourceVersion. */
  readonly restarts: number;
  /** Differences between store and server that no event explains. Must stay 0. */
  readonly drift: number;
  /** Comparisons of the store with the server that came to a result. */
  readonly audits: number;
}

/** The same, as it is counted. */
export interface ReflectorCounts extends ReflectorStats {
  readonly relists: Record<RelistReason, number>;
  restarts: number;
  drift: number;
  audits: number;
}

/** All at zero. */
export function createReflectorCounts(): ReflectorCounts {
  const relists = { start: 0, expired: 0, error: 0, silence: 0, drift: 0 };
  return { relists, restarts: 0, drift: 0, audits: 0 };
}
