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
