import { isRestError } from "@azure/core-rest-pipeline";

import type { Clock } from "../runtime/clock.ts";
import type { ArmClient } from "./arm-client.ts";
import type { ArmGate, ArmScope } from "./arm-gate.ts";
import { AzureError } from "./errors.ts";
import { retryAfterSeconds } from "../runtime/retry-after.ts";
import type { VmId } from "./vm-id.ts";

/**
 * Sends every call of `arm` through `gate`, and closes the gate when ARM asks to stay away, for its reads or its writes:
 * by 429, or by 503 with a Retry-After, which the reference obeys for all as well (aad-pod-identity.md §5.5).
 * A call that may not go out throws AzureError `arm-paused`, without a request. A write may wait for budget longer than
 * a lease lasts, so that `mayWrite` is asked after the gate: where it says no, the write throws `lease-lost`, unsent.
 */
export function createGatedArmClient(
  arm: ArmClient,
  gate: ArmGate,
  { clock, mayWrite }: { readonly clock: Clock; readonly mayWrite: () => boolean },
): ArmClient {
  const heed = createHeed(gate, clock);
  const admit = createAdmission(gate, mayWrite);
  const pass = async <T>(
    vm: VmId,
    scope: ArmScope,
    signal: AbortSignal,
    call: () => Promise<T>,
  ): Promise<T> => {
    await admit(vm, scope, signal);
    try {
      return await call();
    } catch (thrown) {
      if (isRestError(thrown) && thrown.statusCode !== undefined) {
        const retryAfter = thrown.response?.headers.get("retry-after");
        heed(vm, scope, { status: thrown.statusCode, retryAfter });
      }
      throw thrown;
    }
  };
  return {
    readIdentity: (vm, signal) => pass(vm, "reads", signal, () => arm.readIdentity(vm, signal)),
    patchIdentity: (vm, patch, signal) =>
      pass(vm, "writes", signal, () => arm.patchIdentity(vm, patch, signal)),
    pollOperation: async (vm, url, signal) => {
      const response = await pass(vm, "reads", signal, () => arm.pollOperation(vm, url, signal));
      heed(vm, "reads", { status: response.status, retryAfter: response.headers.get("retry-after") });
      return response;
    },
  };
}

/** Resolves when a call may go out. */
function createAdmission(
  gate: ArmGate,
  mayWrite: () => boolean,
): (vm: VmId, scope: ArmScope, signal: AbortSignal) => Promise<void> {
  return async ({ subscriptionID }, scope, signal) => {
    const admission = await gate.enter(subscriptionID, scope, signal);
    if (!admission.admitted) {
      const seconds = admission.retryAfterSeconds;
      const message = `ARM wants no ${scope} of subscription ${subscriptionID} for ${seconds} s`;
      throw new AzureError("arm-paused", message, { retryAfterSeconds: seconds });
    }
    if (scope === "writes" && !mayWrite()) throw new AzureError("lease-lost", "another controller leads now");
  };
}

/** Closes the gate when an answer asks for it. */
function createHeed(
  gate: ArmGate,
  clock: Clock,
): (
  vm: VmId,
  scope: ArmScope,
  answer: { readonly status: number; readonly retryAfter: string | undefined },
) => void {
  return ({ subscriptionID }, scope, { status, retryAfter }) => {
    const seconds = retryAfterSeconds(retryAfter, clock.nowMs());
    if (status === 429 || (status === 503 && seconds !== null)) gate.close(subscriptionID, scope, seconds);
  };
}
