import { isRestError } from "@azure/core-rest-pipeline";

import type { Clock } from "../runtime/clock.ts";
import type { ArmClient } from "./arm-client.ts";
import type { ArmGate, ArmScope } from "./arm-gate.ts";
import { AzureError } from "./errors.ts";
import { retryAfterSeconds } from "../runtime/retry-after.ts";
import type { VmId } from "./vm-id.ts";

/**
 * Sends every call of `arm` through `gate`, and closes the gate when ARM answers 429, for its reads or its writes.
 * A call that may not go out throws AzureError `arm-paused`, without a request.
 */
export function createGatedArmClient(arm: ArmClient, gate: ArmGate, clock: Clock): ArmClient {
  const pass = async <T>(
    { subscriptionID }: VmId,
    scope: ArmScope,
    signal: AbortSignal,
    call: () => Promise<T>,
  ): Promise<T> => {
    const admission = await gate.enter(subscriptionID, scope, signal);
    if (!admission.admitted) {
      const seconds = admission.retryAfterSeconds;
      const message = `ARM wants no ${scope} of subscription ${subscriptionID} for ${seconds} s`;
      throw new AzureError("arm-paused", message, { retryAfterSeconds: seconds });
    }
    try {
      return await call();
    } catch (thrown) {
      if (isRestError(thrown) && thrown.statusCode === 429) {
        const header = thrown.response?.headers.get("retry-after");
        gate.close(subscriptionID, scope, retryAfterSeconds(header, clock.nowMs()));
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
      if (response.status === 429) {
        const header = response.headers.get("retry-after");
        gate.close(vm.subscriptionID, "reads", retryAfterSeconds(header, clock.nowMs()));
      }
      return response;
    },
  };
}
