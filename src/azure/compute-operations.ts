import type { Clock } from "../runtime/clock.ts";
import { AzureError } from "./errors.ts";
import type { VmId } from "./vm-id.ts";

/** A use of ARM that has ended, by the names of the reference's metrics (aad-pod-identity.md §7). */
export interface CloudOperation {
  readonly type: "vm_get" | "vm_update" | "vmss_get" | "vmss_update";
  readonly ok: boolean;
  /** From the request to its answer; of an update, to the end of ARM's operation. */
  readonly durationMs: number;
}

export type OnOperation = (operation: CloudOperation) => void;

/**
 * Runs `use` and tells `onOperation` of it; what it throws is a failure, and what `hasFailed` takes for one. Not told
 * is what was never sent because the gate was closed or the lease lost, nor what the caller gave up.
 */
export async function measured<T>(
  terms: {
    readonly clock: Clock;
    readonly vm: VmId;
    readonly verb: "get" | "update";
    readonly signal: AbortSignal;
    readonly onOperation: OnOperation;
  },
  use: () => Promise<T>,
  hasFailed: (answer: T) => boolean = () => false,
): Promise<T> {
  const { clock, vm, verb, signal, onOperation } = terms;
  const startedMs = clock.monotonicMs();
  const tell = (ok: boolean): void => {
    const type = `${vm.kind === "scaleSet" ? "vmss" : "vm"}_${verb}` as const;
    onOperation({ type, ok, durationMs: clock.monotonicMs() - startedMs });
  };
  try {
    const answer = await use();
    tell(!hasFailed(answer));
    return answer;
  } catch (thrown) {
    const isUnsent =
      thrown instanceof AzureError && (thrown.code === "arm-paused" || thrown.code === "lease-lost");
    if (!isUnsent && !signal.aborted) tell(false);
    throw thrown;
  }
}
