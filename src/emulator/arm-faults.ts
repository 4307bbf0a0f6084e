import { armError } from "./arm-answers.ts";
import type { EmulatorRequest, EmulatorResponse } from "./http.ts";
import type { OperationEnd } from "./machines.ts";
import { keyOf } from "./state.ts";

/** A fault that a test plants in ARM (azure.md §7.5): which requests it is for, how often, and what happens then. */
export interface ArmFault {
  readonly match: {
    readonly method: "GET" | "PATCH";
    /** Resource id of the machine; any when left out. */
    readonly machineID?: string;
    /** Only requests that add this identity. */
    readonly adds?: string;
  };
  /** How many requests it is for; all when left out. */
  readonly count?: number;
  readonly action:
    | {
        readonly kind: "answer";
        readonly status: number;
        readonly code: string;
        readonly message: string;
        /** `Retry-After`, as it is sent. */
        readonly retryAfter?: string;
      }
    /** The PATCH is accepted, and its operation ends so. */
    | { readonly kind: "operation"; readonly end: OperationEnd };
}

/** The faults that are planted now. */
export interface ArmFaults {
  /** Plants one; what it returns takes it out again. */
  add(fault: ArmFault): () => void;
  /** The answer in place of ARM's own, if a fault has one for this request. */
  answer(request: EmulatorRequest, machineID: string): EmulatorResponse | null;
  /** How the operation of this PATCH is to end. */
  operationEnd(request: EmulatorRequest, machineID: string): OperationEnd;
}

/** No faults yet. Of several that match, the one planted first counts. */
export function createArmFaults(): ArmFaults {
  const planted = new Map<ArmFault, number>();
  const take = (
    kind: ArmFault["action"]["kind"],
    request: EmulatorRequest,
    machineID: string,
  ): ArmFault["action"] | undefined => {
    for (const [fault, left] of planted) {
      if (fault.action.kind !== kind || !matches(fault, request, machineID)) continue;
      if (left <= 1) planted.delete(fault);
      else planted.set(fault, left - 1);
      return fault.action;
    }
    return undefined;
  };
  return {
    add: (fault) => {
      planted.set(fault, fault.count ?? Infinity);
      return () => void planted.delete(fault);
    },
    answer: (request, machineID) => {
      const action = take("answer", request, machineID);
      if (action?.kind !== "answer") return null;
      const { status, code, message, retryAfter } = action;
      return armError(status, code, message, retryAfter === undefined ? {} : { "retry-after": retryAfter });
    },
    operationEnd: (request, machineID) => {
      const action = take("operation", request, machineID);
      return action?.kind === "operation" ? action.end : { kind: "succeeds" };
    },
  };
}

function matches({ match }: ArmFault, request: EmulatorRequest, machineID: string): boolean {
  if (match.method !== request.method) return false;
  if (match.machineID !== undefined && keyOf(match.machineID) !== keyOf(machineID)) return false;
  // A removal has `null` where an addition has an object.
  return match.adds === undefined || keyOf(request.body).includes(`"${keyOf(match.adds)}":{`);
}
