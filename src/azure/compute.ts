import type { Clock } from "../runtime/clock.ts";
import { withDeadline } from "../runtime/deadline.ts";
import { type ArmClient, createArmClient } from "./arm-client.ts";
import { type ArmBudget, createArmGate } from "./arm-gate.ts";
import { followOperation } from "./arm-operation.ts";
import type { Cloud, EndpointOverrides } from "./cloud.ts";
import { type ComputeFailure, type ComputeResult, thrownFailure, unknownOutcome } from "./compute-result.ts";
import type { Credential } from "./credential.ts";
import { createGatedArmClient } from "./gated-arm-client.ts";
import {
  formPatch,
  type IdentityChange,
  type MachineIdentity,
  openChange,
  sizeOf,
} from "./identity-patch.ts";
import { parseVmId, type VmId } from "./vm-id.ts";

/** User-assigned identities of a VM or scale set, by ARM resource id in any letter case. */
export interface Compute {
  /** Resource ids of the user-assigned identities now on `target`, spelled as ARM does. */
  getIdentities(target: string, signal: AbortSignal): Promise<ComputeResult>;
  /**
   * Adds and removes, waits for ARM's operation, verifies by GET and answers what is on the target then.
   * Only what is not so yet is sent, in one PATCH for up to 150 identities; other identities stay.
   */
  changeIdentities(target: string, change: IdentityChange, signal: AbortSignal): Promise<ComputeResult>;
}

/** ARM answers plain calls within seconds; a call that takes longer is as good as lost. */
const callLimitMs = 60_000;

/** Makes the access to ARM. Changes of one target follow one another; nothing is ever repeated unread. */
export function createCompute(options: {
  readonly clock: Clock;
  readonly cloud: Cloud;
  readonly credential: Credential;
  readonly endpoints?: EndpointOverrides;
  /** 0..1; spreads the return after a 429 that names no time. */
  readonly random?: () => number;
  /** Told of the budget after every call. */
  readonly onBudget?: (budget: ArmBudget) => void;
  /** Asked right before each change goes out, after all waiting; when it throws, ARM is not asked. */
  readonly beforeChange?: () => void;
}): Compute {
  const { clock, cloud, credential, endpoints = {}, random = Math.random, onBudget, beforeChange } = options;
  const gate = createArmGate({ clock, random, ...(onBudget === undefined ? {} : { onBudget }) });
  const asking = beforeChange === undefined ? {} : { beforeChange };
  const client = createArmClient({ cloud, credential, ...endpoints, ...asking });
  const arm = createGatedArmClient(client, gate, clock);
  const inTurn = createQueues();
  return {
    getIdentities: (target, signal) =>
      attempt(clock, target, async (vm) => succeeded(await read({ arm, clock, vm, signal }))),
    changeIdentities: (target, change, signal) =>
      inTurn(target.toLowerCase(), () =>
        attempt(clock, target, (vm) => applyChange({ arm, clock, vm, signal }, change)),
      ),
  };
}

/** What every step on one target needs. */
interface Call {
  readonly arm: ArmClient;
  readonly clock: Clock;
  readonly vm: VmId;
  readonly signal: AbortSignal;
}

/** Always reads first: after an unknown outcome the same change may be half done or done (reliability.md Z3). */
async function applyChange(call: Call, change: IdentityChange): Promise<ComputeResult> {
  let current = await read(call);
  let open = openChange(current, change);
  while (sizeOf(open) > 0) {
    // oxlint-disable-next-line no-await-in-loop -- each request needs the state the last one left
    const failure = await sendChange(call, current, open);
    if (failure !== null) return { ok: false, failure };
    // oxlint-disable-next-line no-await-in-loop -- see above
    current = await read(call);
    const left = openChange(current, change);
    if (sizeOf(left) >= sizeOf(open)) {
      return {
        ok: false,
        failure: unknownOutcome("ARM accepted the change but the machine does not show it"),
      };
    }
    open = left;
  }
  return succeeded(current);
}

async function sendChange(
  call: Call,
  current: MachineIdentity,
  open: IdentityChange,
): Promise<ComputeFailure | null> {
  const { arm, clock, vm, signal } = call;
  const started = await withDeadline(clock, callLimitMs, signal, (bounded) =>
    arm.patchIdentity(vm, formPatch(current, open), bounded),
  );
  return followOperation({ ...call, started });
}

async function read({ arm, clock, vm, signal }: Call): Promise<MachineIdentity> {
  return withDeadline(clock, callLimitMs, signal, (bounded) => arm.readIdentity(vm, bounded));
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

function succeeded(current: MachineIdentity): ComputeResult {
  return { ok: true, identities: current.userAssigned };
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
