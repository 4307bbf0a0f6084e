import { type Clock, delay } from "../runtime/clock.ts";
import { orAborted } from "../runtime/deadline.ts";

/** ARM counts reads and writes of a subscription apart (reference/azure.md §4.2). */
export type ArmScope = "reads" | "writes";

type Admission =
  | { readonly admitted: true }
  /** ARM asked everybody of this subscription and scope to stay away. */
  | { readonly admitted: false; readonly retryAfterSeconds: number };

/** What every call to ARM passes, so that one refused call spares ARM the others. */
export interface ArmGate {
  /**
   * Resolves when a call may go out: at once within the budget, later when it is used up. While ARM wants quiet,
   * nobody passes and nobody waits: callers have better things to do than to hold a target.
   * @throws the signal's reason.
   */
  enter(subscriptionID: string, scope: ArmScope, signal: AbortSignal): Promise<Admission>;
  /** ARM answered 429: closes for as long as it asked, or for some 20 s when it did not say. */
  close(subscriptionID: string, scope: ArmScope, retryAfterSeconds: number | null): void;
}

/** What is left of a budget, and how long the gate stays closed, for those who watch. */
export interface ArmBudget {
  readonly subscriptionID: string;
  readonly scope: ArmScope;
  readonly callsLeft: number;
  readonly closedSeconds: number;
}

/** ARM's own buckets per subscription and principal (reference/azure.md §4.2): with ours as large, ARM's is never empty first. */
const buckets: Readonly<Record<ArmScope, { readonly burst: number; readonly perSecond: number }>> = {
  reads: { burst: 250, perSecond: 25 },
  writes: { burst: 200, perSecond: 10 },
};
const unsaidSeconds = 20;

/** An open gate. `random` (0..1) spreads the return after a 429 that names no time. */
export function createArmGate(options: {
  readonly clock: Clock;
  readonly random: () => number;
  readonly onBudget?: (budget: ArmBudget) => void;
}): ArmGate {
  const { clock, random, onBudget = () => undefined } = options;
  const lanes = new Map<string, Lane>();
  const laneOf = (subscription: string, scope: ArmScope): Lane => {
    const key = `${subscription} ${scope}`;
    const lane = lanes.get(key) ?? createLane(clock, scope);
    lanes.set(key, lane);
    return lane;
  };
  return {
    enter: async (id, scope, signal) => {
      const subscriptionID = id.toLowerCase();
      const lane = laneOf(subscriptionID, scope);
      await lane.takeCall(signal);
      const retryAfterSeconds = lane.closedSeconds();
      onBudget({ subscriptionID, scope, callsLeft: lane.callsLeft(), closedSeconds: retryAfterSeconds });
      return retryAfterSeconds > 0 ? { admitted: false, retryAfterSeconds } : { admitted: true };
    },
    close: (id, scope, retryAfterSeconds) => {
      const subscriptionID = id.toLowerCase();
      const lane = laneOf(subscriptionID, scope);
      lane.close(retryAfterSeconds ?? unsaidSeconds * (1 + random() / 4));
      onBudget({ subscriptionID, scope, callsLeft: lane.callsLeft(), closedSeconds: lane.closedSeconds() });
    },
  };
}

/** One subscription's reads, or its writes. */
interface Lane {
  /** Takes a call out of the budget, when there is one; while the lane is closed it takes none and does not wait. */
  takeCall(signal: AbortSignal): Promise<void>;
  close(seconds: number): void;
  /** Whole seconds, rounded up: coming back a moment early costs another 429. */
  closedSeconds(): number;
  callsLeft(): number;
}

function createLane(clock: Clock, scope: ArmScope): Lane {
  const { burst, perSecond } = buckets[scope];
  let calls = burst;
  let refilledMs = clock.monotonicMs();
  let closedUntilMs = 0;
  // Those who wait for budget pass one after the other; who gives up holds up nobody.
  let turn: Promise<unknown> = Promise.resolve();

  const closedSeconds = (): number => Math.max(0, Math.ceil((closedUntilMs - clock.monotonicMs()) / 1000));
  const refill = (): void => {
    const nowMs = clock.monotonicMs();
    calls = Math.min(burst, calls + ((nowMs - refilledMs) / 1000) * perSecond);
    refilledMs = nowMs;
  };
  const takeNext = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (closedSeconds() > 0) return;
    refill();
    if (calls < 1) {
      await delay(clock, Math.ceil(((1 - calls) / perSecond) * 1000), signal);
      refill();
    }
    calls = Math.max(0, calls - 1);
  };
  return {
    takeCall: (signal) => {
      const mine = turn.then(() => takeNext(signal));
      turn = mine.catch(() => undefined);
      return orAborted(mine, signal);
    },
    close: (seconds) => {
      closedUntilMs = Math.max(closedUntilMs, clock.monotonicMs() + seconds * 1000);
    },
    closedSeconds,
    callsLeft: () => Math.floor(calls),
  };
}
