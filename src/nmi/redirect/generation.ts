import type { Clock } from "../../runtime/clock.ts";

/**
 * Rules bear the generation of the agent that installed them, so that during an update the old agent and the new one
 * do not take the rules from each other in turn: the older one leaves to the newer what it finds.
 */
export function markOf(generation: number): string {
  return `podid generation ${generation}`;
}

/** The newest generation that is named in a listing of rules; 0 when none is. */
export function newestIn(listing: string): number {
  const marks = listing.matchAll(/"podid generation (\d{1,15})"/g);
  return Math.max(0, ...[...marks].map(([, generation]) => Number(generation)));
}

/** That of an agent which starts at `nowMs`: later than all before it, also when the clock was set back. */
export function nextGeneration(nowMs: number, listing: string): number {
  return Math.max(Math.trunc(nowMs), newestIn(listing) + 1);
}

/** Three times what a live agent needs at most until it has repaired its rules. */
const patienceMs = 15_000;

/** What an older agent makes of a newer one's rules. */
export interface Patience {
  /** Whether their agent is taken for dead: they were found damaged at each look for so long. */
  isOver(areWhole: boolean): boolean;
}

/**
 * The newer agent may have died, and then nobody repairs what it left. As long as it lives it is quicker, so that two
 * live agents do not take the rules from each other in turn.
 */
export function createPatience(clock: Clock): Patience {
  let damagedSinceMs: number | null = null;
  return {
    isOver: (areWhole) => {
      if (areWhole) damagedSinceMs = null;
      else damagedSinceMs ??= clock.monotonicMs();
      if (damagedSinceMs === null || clock.monotonicMs() - damagedSinceMs < patienceMs) return false;
      damagedSinceMs = null;
      return true;
    },
  };
}
