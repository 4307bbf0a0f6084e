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
  /** The last read, if it is younger than 2 s and bears an etag; each is given once. */
  take(target: string): MachineRead | null;
}

const recentMs = 2_000;

/** Knows of no machine yet. Ids are compared without regard to letter case. */
export function createRecentReads(clock: Clock): RecentReads {
  const reads = new Map<string, { readonly machine: MachineRead; readonly readMs: number }>();
  return {
    seen: (target, machine) => {
      const { etag } = machine;
      // Without one, nobody could tell whether it is still so.
      if (etag === undefined) reads.delete(target.toLowerCase());
      else reads.set(target.toLowerCase(), { machine: { ...machine, etag }, readMs: clock.monotonicMs() });
    },
    take: (target) => {
      const read = reads.get(target.toLowerCase());
      reads.delete(target.toLowerCase());
      return read !== undefined && clock.monotonicMs() - read.readMs < recentMs ? read.machine : null;
    },
  };
}
