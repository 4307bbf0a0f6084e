import type { HttpClient } from "@azure/core-rest-pipeline";

import type { Clock } from "../runtime/clock.ts";
import { createArmClient } from "./arm-client.ts";
import { type ArmBudget, createArmGate } from "./arm-gate.ts";
import type { Cloud, EndpointOverrides } from "./cloud.ts";
import { applyChange, type Call, read } from "./compute-change.ts";
import type { OnOperation } from "./compute-operations.ts";
import { type ComputeResult, thrownFailure, unknownOutcome } from "./compute-result.ts";
import type { Credential } from "./credential.ts";
import { createForeignFinder } from "./foreign-identities.ts";
import { createGatedArmClient } from "./gated-arm-client.ts";
import type { IdentityRequest } from "./identity-patch.ts";
import type { IsImmutable } from "./immutable-identities.ts";
import { createRecentReads } from "./recent-reads.ts";
import { createSettledMachines } from "./settled-machines.ts";
import { parseVmId, type VmId } from "./vm-id.ts";

/** User-assigned identities of a VM or scale set, by ARM resource id in any letter case. */
export interface Compute {
  /** Resource ids of the user-assigned identities now on `target`, spelled as ARM does. */
  getIdentities(target: string, signal: AbortSignal): Promise<ComputeResult>;
  /**
   * Adds and removes, waits for ARM's operation, verifies by GET and answers what is on the target then. What
   * `getIdentities` has read in the last 10 s is not read again, and must still be so when ARM changes it.
   * Only what is not so yet is sent, in one PATCH for up to 150 identities; other identities stay, and
   * immutable ones whatever is asked. Conflicts are waited out for half a minute.
   */
  changeIdentities(target: string, request: IdentityRequest, signal: AbortSignal): Promise<ComputeResult>;
}

interface ComputeOptions {
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly credential: Credential;
  readonly endpoints?: EndpointOverrides;
  /** 0..1; spreads the return after a conflict, or after a 429 that names no time. */
  readonly random?: () => number;
  /** Told of the budget after every call. */
  readonly onBudget?: (budget: ArmBudget) => void;
  /** Told of every use of ARM that has ended. */
  readonly onOperation?: OnOperation;
  /** No identity is, unless it says so. */
  readonly isImmutable?: IsImmutable;
  /** Asked right before each write; always true unless given. */
  readonly mayWrite?: () => boolean;
  /** Asked of each PATCH when nothing is between it and the wire; when it throws, ARM is not asked. */
  readonly beforeChange?: () => void;
  /** What requests go out with; by default the SDK's own client. */
  readonly httpClient?: HttpClient;
}

/** Makes the access to ARM. Calls for one target follow one another; nothing is ever repeated unread. */
export function createCompute(options: ComputeOptions): Compute {
  const { clock, random = Math.random, onBudget } = options;
  const gate = createArmGate({ clock, random, ...(onBudget === undefined ? {} : { onBudget }) });
  const { onOperation = () => undefined, isImmutable = () => false, mayWrite = () => true } = options;
  const client = createArmClient({ ...options, ...options.endpoints });
  const terms = {
    arm: createGatedArmClient(client, gate, { clock, mayWrite }),
    settled: createSettledMachines(),
    clock,
    random,
    onOperation,
    isImmutable,
    mayWrite,
  };
  const recent = createRecentReads(clock);
  const inTurn = createQueues();
  const run = (
    target: string,
    signal: AbortSignal,
    unsent: readonly string[],
    use: (call: Call) => Promise<ComputeResult>,
  ): Promise<ComputeResult> => {
    const foreign = createForeignFinder(unsent);
    const useOn = (vm: VmId): Promise<ComputeResult> => use({ ...terms, target, vm, signal, foreign });
    return inTurn(target.toLowerCase(), async () => ({
      ...(await attempt(clock, target, useOn)),
      ...foreign.outcome(),
    }));
  };
  return {
    getIdentities: (target, signal) =>
      run(target, signal, [], async (call) => {
        const machine = await read(call);
        recent.seen(target, machine);
        return { ok: true, identities: machine.userAssigned };
      }),
    changeIdentities: (target, request, signal) =>
      run(target, signal, request.unsent ?? [], (call) => applyChange(call, request, recent.take(target))),
  };
}

async function attempt(
  clock: Clock,
  target: string,
  run: (vm: VmId) => Promise<ComputeResult>,
): Promise<ComputeResult> {
  const vm = parseVmId(target);
  if (vm === undefined) {
    const detail = `"${target}" is not the resource id of a virtual machine or scale set`;
    return { ok: false, failure: { ...unknownOutcome(detail), kind: "refused" } };
  }
  try {
    return await run(vm);
  } catch (thrown) {
    return { ok: false, failure: thrownFailure(thrown, clock.nowMs()) };
  }
}

/** Runs the tasks of one key after one another, in the order they came. Tasks must not reject. */
function createQueues(): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, task) => {
    const mine = (tails.get(key) ?? Promise.resolve()).then(task);
    tails.set(key, mine);
    const result = await mine;
    if (tails.get(key) === mine) tails.delete(key);
    return result;
  };
}
