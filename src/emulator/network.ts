import type { Clock } from "../runtime/clock.ts";
import type { ArmFaults } from "./arm-faults.ts";
import { createArmHandler } from "./arm.ts";
import { createEntraHandler } from "./entra.ts";
import { type Handler, listen, type Listener } from "./http.ts";
import { createImdsHandler } from "./imds.ts";
import type { JournalWriter, ListenerName } from "./journal.ts";
import type { Machines } from "./machines.ts";
import type { EmulatorSettings } from "./settings.ts";
import type { Directory, EmulatedNode } from "./state.ts";
import { createTokenIssuer } from "./tokens.ts";

/** Base URLs without trailing slash. */
export interface EmulatorAddresses {
  readonly entra: string;
  readonly arm: string;
  /** By node name; nodes added later appear here. */
  readonly imds: ReadonlyMap<string, string>;
}

interface NetworkParts {
  readonly clock: Clock;
  readonly host: string;
  readonly settings: EmulatorSettings;
  readonly directory: Directory;
  readonly machines: Machines;
  readonly journal: JournalWriter;
  readonly faults: ArmFaults;
}

/** The listeners, which share one signing key. */
export interface Network {
  readonly addresses: EmulatorAddresses;
  /** Starts an own IMDS for each of `nodes`. */
  addNodes(nodes: readonly EmulatedNode[]): Promise<void>;
  close(): Promise<void>;
}

/** Makes the signing key and starts Entra and ARM, each on a free port. */
export async function openNetwork(parts: NetworkParts): Promise<Network> {
  const issuer = await createTokenIssuer(parts.clock);
  const closing = new AbortController();
  const listeners: Listener[] = [];
  const open = async (name: ListenerName, handle: Handler): Promise<string> => {
    const listener = await listen({ ...parts, name, handle });
    listeners.push(listener);
    return listener.url;
  };
  const entra = await open("entra", createEntraHandler({ ...parts, issuer }));
  const arm = await open("arm", createArmHandler({ ...parts, issuer }));
  const imds = new Map<string, string>();
  const addNode = async (node: EmulatedNode): Promise<void> => {
    const handle = createImdsHandler({ ...parts, issuer, signal: closing.signal }, node.machineID);
    imds.set(node.name, await open(`imds:${node.name}`, handle));
  };
  return {
    addresses: { entra, arm, imds },
    addNodes: async (nodes) => {
      await Promise.all(nodes.map(addNode));
    },
    close: async () => {
      closing.abort();
      await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    },
  };
}
