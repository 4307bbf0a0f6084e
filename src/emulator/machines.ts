import { randomUUID } from "node:crypto";

import type { Clock } from "../runtime/clock.ts";
import type { IdentityBlock } from "./arm-identity.ts";
import { EmulatorError } from "./errors.ts";
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
  /** Null when the operation fails: then nothing changes. */
  readonly block: IdentityBlock | null;
}

/** How an operation ends: azure.md §4.2, and the faults of §7.5. */
export type OperationEnd =
  | { readonly kind: "succeeds" | "never" }
  /** It changes nothing. */
  | { readonly kind: "fails"; readonly code: string; readonly message: string }
  /** It succeeds, but its URL is unknown from the start. */
  | { readonly kind: "vanishes" };

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
  /** Azure is about to remove it: its provisioning state is "Deleting". */
  readonly isDeleting: boolean;
}

/** A long-running operation (azure.md §4.2). It succeeds unless a fault says otherwise: bad requests are refused before. */
export interface Operation {
  readonly id: string;
  readonly machineID: string;
  readonly status: "InProgress" | "Succeeded" | "Failed";
  readonly end: OperationEnd;
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
  /** Azure begins to delete the machine. @throws EmulatorError invalid-state when there is none such. */
  markDeleting(resourceID: string): void;
  remove(resourceID: string): void;
  /** Starts the operation that makes `block` the machine's identities. The machine must have none running. */
  begin(machine: Machine, block: IdentityBlock, end: OperationEnd): MachineOperation;
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
  const known = (resourceID: string): Machine => find(resourceID) ?? unknownMachine(resourceID);
  return {
    add: (definition) => void store(machineFrom(definition)),
    find,
    markDeleting: (resourceID) => void store({ ...known(resourceID), isDeleting: true }),
    remove: (resourceID) => void machines.delete(keyOf(resourceID)),
    begin: (machine, block, end) => {
      const record = startedRecord(machine, end, settings.operationDurationMs, clock);
      operations.set(record.id, record);
      const pending = { endsAtMs: record.endsAtMs, block: end.kind === "fails" ? null : block };
      return {
        operation: operationAt(record, clock.monotonicMs()),
        machine: store({ ...machine, pending }),
      };
    },
    operation: (id) => {
      const record = operations.get(keyOf(id));
      const machine = record?.end.kind === "vanishes" ? undefined : record && find(record.machineID);
      return record && machine && { operation: operationAt(record, clock.monotonicMs()), machine };
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
    isDeleting: false,
  };
}

function settled(machine: Machine, nowMs: number, visibilityLagMs: number): Machine {
  const { pending } = machine;
  if (pending === null || nowMs < pending.endsAtMs) return machine;
  const { block } = pending;
  if (block === null) return { ...machine, pending: null };
  const before = new Map(machine.userAssigned.map((one) => [keyOf(one.resourceID), one]));
  const visibleFromMs = pending.endsAtMs + visibilityLagMs;
  return {
    ...machine,
    version: machine.version + 1,
    systemAssigned: block.systemAssigned
      ? (machine.systemAssigned ?? { clientID: randomUUID(), objectID: randomUUID() })
      : null,
    userAssigned: block.userAssigned.map(
      (resourceID) => before.get(keyOf(resourceID)) ?? { resourceID, visibleFromMs },
    ),
    pending: null,
  };
}

function unknownMachine(resourceID: string): never {
  throw new EmulatorError("invalid-state", `there is no machine "${resourceID}"`);
}

function startedRecord(
  { resourceID: machineID }: Machine,
  end: OperationEnd,
  usualMs: number,
  clock: Clock,
): OperationRecord {
  const durationMs = end.kind === "never" ? Infinity : usualMs;
  const endsAtMs = clock.monotonicMs() + durationMs;
  return { id: randomUUID(), machineID, startedAtMs: clock.nowMs(), durationMs, endsAtMs, end };
}

function operationAt(record: OperationRecord, nowMs: number): Operation {
  const { endsAtMs, ...operation } = record;
  const ended = operation.end.kind === "fails" ? "Failed" : "Succeeded";
  return { ...operation, status: nowMs < endsAtMs ? "InProgress" : ended };
}
