import { EngineError } from "./errors.ts";
import type { Runner } from "./runner.ts";

/** A runner in use and a warm spare, because making one is asynchronous and an answer is not. */
export interface RunnerPair {
  /** The runner to ask; undefined while none is ready. The spare starts to take the data as well. */
  inUse(): Runner | undefined;
  /** Closes the runner in use and takes the spare. */
  replace(): void;
  close(): Promise<void>;
}

/** Starts with `runners`; every one that is replaced is made good by `make`. */
export function createRunnerPair(
  runners: readonly [Runner, Runner],
  make: () => Promise<Runner>,
  onFault: (fault: EngineError) => void,
): RunnerPair {
  const ready: Runner[] = [...runners];
  let making = 0;
  let closed = false;

  /** One after the other: a thread that ends and one that starts would slow down the one that answers. */
  const refill = async (former: Runner | undefined): Promise<void> => {
    making += 1;
    await former?.close();
    const fresh = await make().catch((cause: unknown) => {
      onFault(new EngineError("Unavailable", "no new instance of the policy could be made", { cause }));
      return undefined;
    });
    making -= 1;
    if (closed) await fresh?.close();
    else if (fresh !== undefined) ready.push(fresh);
  };
  return {
    inUse: () => {
      const [active, spare] = ready;
      if (active === undefined && making === 0 && !closed) void refill(undefined);
      spare?.prepare();
      return active;
    },
    replace: () => {
      void refill(ready.shift());
    },
    close: async () => {
      closed = true;
      await Promise.all(ready.splice(0).map((runner) => runner.close()));
    },
  };
}
