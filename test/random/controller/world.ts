import { setImmediate as turn } from "node:timers/promises";

import type { NewAssignedIdentity } from "../../../src/controller/ports.ts";
import type { Pod } from "../../../src/engine/resources.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { makeIdentity } from "../../unit/controller/objects.ts";
import { type ApiServer, createApiServer } from "./api-server.ts";
import { type ArmFault, type Azure, createAzure, type RequestKind } from "./azure.ts";
import { differencesIn } from "./differences.ts";
import { armIdentity, nodeNamed } from "./ids.ts";
import { createOwnership, type Ownership } from "./ownership.ts";
import { type Process, startProcess } from "./process.ts";
import type { ApiFault, Sabotage } from "./surroundings.ts";

/** A cluster, Azure, a clock and whoever leads: everything on a clock that only `pass` moves. */
export interface World {
  readonly clock: SimulatedClock;
  readonly server: ApiServer;
  readonly azure: Azure;
  readonly ownership: Ownership;
  /** What must never happen and did. */
  readonly violations: string[];
  /** What happened, in order, for people. */
  readonly journal: string[];
  /** Changes that ARM accepted: `+reader -writer`. */
  readonly patches: readonly string[];
  /** Writes of assigned identities so far. */
  objectWrites(): number;
  armFault(kind: RequestKind, fault: ArmFault, count: number): void;
  apiFault(fault: ApiFault, count: number): void;
  clearFaults(): void;
  leader(): Process;
  /** Another process leads from now on; the former one is told of it unless it stands still. */
  elect(): Process;
  /** Another leads when the leader is dead. */
  replaceDead(): void;
  /** Whoever stands still goes on. Who has lost the lease meanwhile hears first what came in, and then of that. */
  resumeAll(): Promise<void>;
  /** Nobody asks ARM or the cluster for anything just now. */
  isQuiet(): boolean;
  /** Lets everybody do what can be done at this instant. */
  drain(): Promise<void>;
  /** Moves time on, letting everybody do at each timer what it is for. */
  pass(ms: number): Promise<void>;
  putPod(pod: Pod): void;
  putNode(name: string, machine?: string): void;
  /** The node names no machine, as one that has just registered. */
  unnameNode(name: string): void;
  /** A VM or scale set is deleted in ARM. */
  removeMachine(id: string): void;
  /** What is not as it should be when nothing more happens. */
  differences(): readonly string[];
  /** Ends everything. */
  close(): void;
}

const startMs = Temporal.Instant.from("2026-06-14T12:00:00Z").epochMilliseconds;
const quietTurns = 2;
/** The start of a long time is passed timer by timer, the rest in larger steps: most of it is the ticking of schedules. */
const fineMs = 60_000;
const coarseMs = 30_000;

/** Nodes `nodes`, identities shop/reader, shop/writer and shop/auditor, and nobody who leads yet. */
export function createWorld(nodes: readonly string[], sabotage?: Sabotage): World {
  const clock = createSimulatedClock(startMs);
  const server = createApiServer();
  const azure = createAzure(clock);
  const violations: string[] = [];
  const journal: string[] = [];
  const patches: string[] = [];
  const violated = (what: string): void => {
    journal.push(`!!! ${what}`);
    violations.push(what);
  };
  const ownership = createOwnership({ server, azure, violated, patches, journal });
  const faults = createFaults();
  const processes: Process[] = [];
  let stirs = 0;
  const nameOfLeader = (): string => `p${processes.length}`;

  const drain = async (): Promise<void> => {
    for (let quiet = 0; quiet < quietTurns;) {
      const before = stirs;
      await turn();
      quiet = stirs === before ? quiet + 1 : 0;
    }
  };
  const elect = (): Process => {
    const former = processes.at(-1);
    const around = {
      clock,
      server,
      azure,
      violated,
      ...(sabotage === undefined ? {} : { sabotage }),
      leader: nameOfLeader,
      made: (name: string, object: NewAssignedIdentity) => ownership.made(name, object),
      nextArmFault: faults.nextArm,
      nextApiFault: faults.nextApi,
      stirred: () => void (stirs += 1),
      note: (line: string) => void journal.push(`  ${clock.monotonicMs() / 1000} s ${line}`),
    };
    ownership.newLeader();
    const next = startProcess(around, `p${processes.length + 1}`);
    processes.push(next);
    if (former !== undefined && !former.life.isPaused()) former.stepDown();
    return next;
  };
  const world: World = {
    clock,
    server,
    azure,
    ownership,
    violations,
    journal,
    patches,
    drain,
    elect,
    objectWrites: () => ownership.writes(),
    armFault: faults.addArm,
    apiFault: faults.addApi,
    clearFaults: faults.clear,
    leader: () => processes.at(-1) ?? elect(),
    replaceDead: () => {
      const leader = processes.at(-1);
      if (leader === undefined || leader.life.isDead()) elect();
    },
    resumeAll: async () => {
      for (const one of processes.filter(({ life }) => life.isPaused())) {
        one.life.resume();
        await turn();
        if (one !== processes.at(-1)) one.stepDown();
      }
    },
    isQuiet: () => processes.every(({ life }) => life.pending() === 0),
    pass: async (ms) => {
      await drain();
      for (let left = ms; left > 0;) {
        const grainMs = ms - left < fineMs ? 1 : coarseMs;
        const slice = Math.min(left, Math.max(grainMs, clock.nextTimerInMs() ?? left));
        clock.advance(slice);
        left -= slice;
        await drain();
      }
    },
    putPod: (pod) => server.apply((cluster) => cluster.put("Pod", pod)),
    putNode: (name, machine) => {
      const node = nodeNamed(name, machine);
      azure.addMachine(node.providerID.replace("azure://", "").replace(/\/virtualMachines\/\d+$/, ""));
      server.apply((cluster) => cluster.put("Node", node));
    },
    unnameNode: (name) => server.apply((cluster) => cluster.put("Node", { name, providerID: "" })),
    removeMachine: (id) => {
      azure.removeMachine(id);
      ownership.removed(id.toLowerCase());
    },
    differences: () => differencesIn({ clock, server, azure, ownership }),
    close: () => {
      for (const { life } of processes) life.crash();
    },
  };
  for (const name of ["reader", "writer", "auditor"]) {
    const identity = makeIdentity(name, { spec: { resourceID: armIdentity(name) } });
    server.apply((cluster) => cluster.put("AzureIdentity", identity));
  }
  for (const node of nodes) world.putNode(node);
  return world;
}

interface Faults {
  readonly nextArm: (kind: RequestKind) => ArmFault | null;
  readonly nextApi: () => ApiFault | null;
  readonly addArm: (kind: RequestKind, fault: ArmFault, count: number) => void;
  readonly addApi: (fault: ApiFault, count: number) => void;
  readonly clear: () => void;
}

function createFaults(): Faults {
  const arm = new Map<RequestKind, ArmFault[]>();
  let api: ApiFault[] = [];
  return {
    nextArm: (kind) => arm.get(kind)?.shift() ?? null,
    nextApi: () => api.shift() ?? null,
    addArm: (kind, fault, count) => {
      arm.set(kind, [...(arm.get(kind) ?? []), ...Array.from({ length: count }, () => fault)]);
    },
    addApi: (fault, count) => void api.push(...Array.from({ length: count }, () => fault)),
    clear: () => {
      arm.clear();
      api = [];
    },
  };
}
