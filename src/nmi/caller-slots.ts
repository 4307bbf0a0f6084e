import { createSlots, type Slots } from "./slots.ts";

/** Slots of which one caller takes few at once: its other tasks wait in a queue of its own, behind nobody else's. */
export interface CallerSlots {
  /** As `Slots`, for a task of `caller`. */
  run<T>(caller: string, signal: AbortSignal, task: () => Promise<T>): Promise<T>;
}

/** Shares `slots` among callers; who has nothing to run costs nothing. */
export function createCallerSlots(slots: Slots, mostPerCaller: number): CallerSlots {
  const shares = new Map<string, { readonly own: Slots; tasks: number }>();
  return {
    run: async (caller, signal, task) => {
      const share = shares.get(caller) ?? { own: createSlots(mostPerCaller), tasks: 0 };
      shares.set(caller, share);
      share.tasks += 1;
      try {
        return await share.own.run(signal, () => slots.run(signal, task));
      } finally {
        share.tasks -= 1;
        if (share.tasks === 0) shares.delete(caller);
      }
    },
  };
}

/** What takes one of `share` first, and then one of `whole`: so it never has more of those than of the former. */
export function shareOf(whole: Slots, share: Slots): Slots {
  return { run: (signal, task) => share.run(signal, () => whole.run(signal, task)) };
}
