import { randomUUID } from "node:crypto";

import type { Clock } from "../runtime/clock.ts";
import type { IdentityBlock } from "./arm-identity.ts";
import type { EmulatorSettings } from "./settings.ts";
import { keyOf, type MachineDefinition } from "./state.ts";

/** A user-assigned identity on a machine. */
interface Assignment {
  readonly resourceID: string;
  /** Monotonic time from which IMDS knows the identity. */
  readonly visibleFromMs: number;
}

interface PendingChange {
  readonly endsAtMs: number;
  readonly block: IdentityBlock;
}

/** A virtual machine or scale set as it is at the moment of reading. */
export interface Machine {
  readonly resourceID: string;
  readonly location: string;
  readonly tenantID: string;
  /** Grows with every change of the identity block; its etag. */
  readonly version: number;
  readonly systemAssigned: { readonly clientID: string; readonly objectID: string } | null;
  readonly userAssigned: readonly Assignment[];
  /** The change an operation is making; at most one per machine. */
  readonly pending: PendingChange | null;
}

/** A long-running operation (azure.md §4.2). It always succeeds: bad requests are refused before. */
export interface Operation {
  readonly id: string;
  readonly machineID: string;
  readonly status: "InProgress" | "Succeeded";
  readonly startedAtMs: number;
  readonly durationMs: number;
}

/** An operation with its machine, both of the same moment. */
export interface MachineOperation {
  readonly operation: Operation;
  readonly machine: Machine;
}

/** Machines, and the operations that change them. */
export interface Machines {
  add(definition: Readonly<MachineDefinition>): void;
  find(resourceID: string): Machine | undefined;
  /** Starts the operation that makes `block` the machine's identities. The machine must have none running. */
  begin(machine: Machine, block: IdentityBlock): MachineOperation;
  operation(id: string): MachineOperation | undefined;
  /** Resource ids of the user-assigned identities IMDS knows by now. */
  visibleIn(machine: Machine): readonly string[];
}

type OperationRecord = Omit<Operation, "status"> & { readonly endsAtMs: number };

/**
 * Makes an empty set of machines. Operations need no timer: whoever reads a machine or an operation sees what
 * `clock` says has happened by then, in one step at the operation's end and not before (azure.md §7.4 rule 3).
 */
export function createMachines(
  clock: Clock,
  settings: Pick<EmulatorSettings, "operationDurationMs" | "visibilityLagMs">,
): Machines {
  const machines = new Map<string, Machine>();
  const operations = new Map<string, OperationRecord>();
  const store = (machine: Machine): Machine => {
    machines.set(keyOf(machine.resourceID), machine);
    return machine;
  };
  const find = (resourceID: string): Machine | undefined => {
    const machine = machines.get(keyOf(resourceID));
    return machine && store(settled(machine, clock.monotonicMs(), settings.visibilityLagMs));
  };
  return {
    add: (definition) => void store(machineFrom(definition)),
    find,
    begin: (machine, block) => {
      const durationMs = settings.operationDurationMs;
      const endsAtMs = clock.monotonicMs() + durationMs;
      const machineID = machine.resourceID;
      const record = { id: randomUUID(), machineID, startedAtMs: clock.nowMs(), durationMs, endsAtMs };
      operations.set(record.id, record);
      return {
        operation: operationAt(record, clock.monotonicMs()),
        machine: store({ ...machine, pending: { endsAtMs, block } }),
      };
    },
    operation: (id) => {
      const record = operations.get(keyOf(id));
      const machine = record && find(record.machineID);
      return machine && { operation: operationAt(record, clock.monotonicMs()), machine };
    },
    visibleIn: (machine) => {
      const nowMs = clock.monotonicMs();
      return machine.userAssigned.filter((one) => one.visibleFromMs <= nowMs).map((one) => one.resourceID);
    },
  };
}

/** The identities a machine has by now, an operation that still runs left out. */
export function blockOf(machine: Machine): IdentityBlock {
  return {
    systemAssigned: machine.systemAssigned !== null,
    userAssigned: machine.userAssigned.map((one) => one.resourceID),
  };
}

function machineFrom(definition: Readonly<MachineDefinition>): Machine {
  return {
    resourceID: definition.resourceID,
    location: definition.location,
    tenantID: definition.tenantID,
    version: 1,
    systemAssigned: definition.systemAssigned ?? null,
    // What is there from the start has been there for long.
    userAssigned: definition.userAssigned.map((resourceID) => ({ resourceID, visibleFromMs: -Infinity })),
    pending: null,
  };
}

function settled(machine: Machine, nowMs: number, visibilityLagMs: number): Machine {
  const { pending } = machine;
  if (pending === null || nowMs < pending.endsAtMs) return machine;
  const before = new Map(machine.userAssigned.map((one) => [keyOf(one.resourceID), one]));
  const visibleFromMs = pending.endsAtMs + visibilityLagMs;
  return {
    ...machine,
    version: machine.version + 1,
    systemAssigned: pending.block.systemAssigned
      ? (machine.systemAssigned ?? { clientID: randomUUID(), objectID: randomUUID() })
      : null,
    userAssigned: pending.block.userAssigned.map(
      (resourceID) => before.get(keyOf(resourceID)) ?? { resourceID, visibleFromMs },
    ),
    pending: null,
  };
}

function operationAt(record: OperationRecord, nowMs: number): Operation {
  const { endsAtMs, ...operation } = record;
  return { ...operation, status: nowMs < endsAtMs ? "InProgress" : "Succeeded" };
}
