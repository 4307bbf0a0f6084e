/** Whether a controller is at work, and at what. */
export interface Duty {
  /** `isLeader` is asked each time: a process that stood still may have lost its office without noticing. */
  begin(what: string, isLeader: () => boolean): void;
  end(): void;
  /**
   * The reference's words for /healthz: `Active` only on the leader, and here only while nothing keeps it from its
   * work (reference/aad-pod-identity.md §5.1).
   */
  health(notReady: readonly string[]): "Active" | "Not Active";
  /** For /readyz: why `health` says what it says. */
  doing(): string;
}

const idle = "standing by: another controller leads, or none yet";

/** A duty that has not begun. */
export function createDuty(): Duty {
  let current: { readonly what: string; readonly isLeader: () => boolean } | null = null;
  const isAtWork = (): boolean => current?.isLeader() === true;
  return {
    begin: (what, isLeader) => {
      current = { what, isLeader };
    },
    end: () => {
      current = null;
    },
    health: (notReady) => (isAtWork() && notReady.length === 0 ? "Active" : "Not Active"),
    doing: () => {
      if (current === null) return idle;
      return isAtWork() ? current.what : "stopping: the lease could not be renewed in time";
    },
  };
}
