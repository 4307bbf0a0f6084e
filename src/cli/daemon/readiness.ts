/** Why a daemon cannot do its work yet, part by part. */
export interface Readiness {
  /** `reason` stands until another or null is given for the same part. */
  set(part: string, reason: string | null): void;
  /** Asked each time; answers a reason or null. */
  watch(check: () => string | null): void;
  reasons(): readonly string[];
  /** Asked each time; answers what people should know though the work goes on, or null. */
  note(check: () => string | null): void;
  notes(): readonly string[];
}

/** Starts with these reasons by part. */
export function createReadiness(initial: Readonly<Record<string, string>>): Readiness {
  const standing = new Map(Object.entries(initial));
  const checks: (() => string | null)[] = [];
  const noteChecks: (() => string | null)[] = [];
  return {
    set: (part, reason) => {
      if (reason === null) standing.delete(part);
      else standing.set(part, reason);
    },
    watch: (check) => void checks.push(check),
    reasons: () => [...standing.values(), ...checks.flatMap((check) => check() ?? [])],
    note: (check) => void noteChecks.push(check),
    notes: () => noteChecks.flatMap((check) => check() ?? []),
  };
}
