import type { Clock } from "../runtime/clock.ts";
import type { Resources } from "./ports.ts";

/** What lies behind an address in the node's network, told apart from whatever lay there before; null: not to be seen. */
export type InterfaceBehind = (address: string) => string | null;

/** Remembers what lay behind a pod's address when the API server told of it. */
export interface InterfaceMemory {
  /** Whether that is still there: else another pod may have the address, though nobody has told us. */
  isUnmoved(): boolean;
}

/**
 * A pod whose sandbox was made anew may get its old address on a new interface. It is believed once the API server
 * has been heard this long after the move and still calls the pod the owner: by then it knows of any other one.
 */
const settleMs = 30_000;

/** Looks behind the address now, and again at each question (reference/reliability.md N1, §8 row 13). */
export function createInterfaceMemory(deps: {
  readonly clock: Clock;
  readonly resources: Pick<Resources, "ageSeconds">;
  readonly behind: () => string | null;
}): InterfaceMemory {
  const { clock, resources, behind } = deps;
  let known = behind();
  let moved: { readonly to: string | null; readonly sinceMs: number } | null = null;
  return {
    isUnmoved: () => {
      const now = behind();
      if (now !== known) {
        const nowMs = clock.monotonicMs();
        if (moved?.to !== now || moved === null) moved = { to: now, sinceMs: nowMs };
        const heardMs = nowMs - moved.sinceMs - resources.ageSeconds() * 1000;
        if (heardMs < settleMs) return false;
      }
      known = now;
      moved = null;
      return true;
    },
  };
}
