/**
 * Machines on which no operation of podid can still be running. A process that begins does not know what its predecessor
 * sent, nor does anybody after an unknown outcome: what such a machine shows may be about to change (reliability.md ST2, Z3).
 */
export interface SettledMachines {
  /** `target` was read; once it was seen at rest it is settled. */
  seen(target: string, machine: { readonly isUpdating: boolean }): void;
  /** A change is about to be sent. */
  sending(target: string): void;
  has(target: string): boolean;
}

/** Knows of no machine yet. Ids are compared without regard to letter case. */
export function createSettledMachines(): SettledMachines {
  const settled = new Set<string>();
  return {
    seen: (target, { isUpdating }) => {
      if (!isUpdating) settled.add(target.toLowerCase());
    },
    sending: (target) => void settled.delete(target.toLowerCase()),
    has: (target) => settled.has(target.toLowerCase()),
  };
}
