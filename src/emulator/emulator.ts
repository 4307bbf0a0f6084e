import type { Clock } from "../runtime/clock.ts";
import { type ArmFault, createArmFaults } from "./arm-faults.ts";
import type { IdentityBlock } from "./arm-identity.ts";
import { EmulatorError } from "./errors.ts";
import { requireLoopback } from "./http.ts";
import { createJournal, type Journal } from "./journal.ts";
import { blockOf, createMachines } from "./machines.ts";
import { type EmulatorAddresses, type Network, openNetwork } from "./network.ts";
import { defaultSettings, type EmulatorSettings } from "./settings.ts";
import { type AzureStateInput, createDirectory, type EmulatedNode } from "./state.ts";

export interface EmulatorOptions {
  /** Judges everything in time: token lives, operations, lags, limits. */
  readonly clock: Clock;
  readonly state?: AzureStateInput;
  /** Loopback address of all listeners; 127.0.0.1 by default. */
  readonly host?: string;
  readonly settings?: Partial<EmulatorSettings>;
}

/** Azure on loopback: IMDS per node, Entra and ARM, in memory and in this process (azure.md §7). */
export interface Emulator {
  /** Makes the signing key and starts the listeners, once. @throws EmulatorError already-started. */
  start(): Promise<EmulatorAddresses>;
  /** Ends all listeners and their connections. */
  close(): Promise<void>;
  /** Adds to what exists, all or nothing. @throws EmulatorError invalid-state. */
  add(state: AzureStateInput): Promise<void>;
  /** What ARM has assigned to a virtual machine or scale set by now; undefined when there is none such. */
  identitiesOf(machineID: string): IdentityBlock | undefined;
  /** Plants a fault in ARM; what it returns takes it out again. */
  addArmFault(fault: ArmFault): () => void;
  /** Azure begins to delete a virtual machine or scale set: ARM shows it so and refuses to change it. */
  markDeleting(machineID: string): void;
  /** The virtual machine or scale set is gone. */
  removeMachine(machineID: string): void;
  readonly journal: Journal;
}

/**
 * Makes an emulator that does not listen yet.
 * @throws EmulatorError not-loopback, invalid-state.
 */
export function createEmulator(options: EmulatorOptions): Emulator {
  const { clock } = options;
  const host = requireLoopback(options.host ?? "127.0.0.1");
  const settings = { ...defaultSettings, ...options.settings };
  const journal = createJournal(clock);
  const directory = createDirectory();
  const machines = createMachines(clock, settings);
  const faults = createArmFaults();
  const nodes: EmulatedNode[] = [];
  let network: Network | null = null;

  const register = (state: AzureStateInput): readonly EmulatedNode[] => {
    const added = directory.add(state);
    for (const machine of added.machines) machines.add(machine);
    nodes.push(...added.nodes);
    return added.nodes;
  };
  register(options.state ?? {});

  return {
    journal,
    addArmFault: (fault) => faults.add(fault),
    markDeleting: (machineID) => machines.markDeleting(machineID),
    removeMachine: (machineID) => machines.remove(machineID),
    start: async () => {
      if (network !== null) throw new EmulatorError("already-started", "the emulator was started before");
      const opened = await openNetwork({ clock, host, settings, directory, machines, journal, faults });
      network = opened;
      await opened.addNodes(nodes);
      return opened.addresses;
    },
    close: async () => network?.close(),
    add: async (state) => {
      const added = register(state);
      await network?.addNodes(added);
    },
    identitiesOf: (machineID) => {
      const machine = machines.find(machineID);
      return machine && blockOf(machine);
    },
  };
}
