import type { Clock } from "../runtime/clock.ts";
import type { MachineIdentity } from "./identity-patch.ts";

/** A machine as it was read, and the etag that it had then: whoever changes it by this says so by If-Match. */
export interface MachineRead extends MachineIdentity {
  readonly etag: string;
}

/**
 * What was read of machines a moment ago. Who asks what is on a machine mostly changes it next, and reading it once more
 * would take another of the 25 reads a second that ARM gives a whole subscription (azure.md §4.2).
 */
export interface RecentReads {
  seen(target: string, machine: MachineIdentity): void;
  /** The last read, if it is younger than 10 s and bears an etag; each is given once. */
  take(target: string): MachineRead | null;
}

/** Longer than changes are gathered (docs/decisions/0021). */
const recentMs = 10_000;

interface Read {
  readonly machine: MachineRead;
  readonly readMs: number;
}

/** Knows of no machine yet. Ids are compared without regard to letter case. */
export function createRecentReads(clock: Clock): RecentReads {
  const reads = new Map<string, Read>();
  const isRecent = ({ readMs }: Read): boolean => clock.monotonicMs() - readMs < recentMs;
  const dropOld = (): void => {
    for (const [key, read] of reads) {
      if (isRecent(read)) return;
      reads.delete(key);
    }
  };
  return {
    seen: (target, machine) => {
      dropOld();
      const key = target.toLowerCase();
      // Last come is last in the order of the map, too.
      reads.delete(key);
      const { etag } = machine;
      // Without one, nobody could tell whether it is still so.
      if (etag !== undefined) reads.set(key, { machine: { ...machine, etag }, readMs: clock.monotonicMs() });
    },
    take: (target) => {
      dropOld();
      const key = target.toLowerCase();
      const read = reads.get(key);
      reads.delete(key);
      return read?.machine ?? null;
    },
  };
}
