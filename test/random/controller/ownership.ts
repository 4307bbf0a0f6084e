import { isPreAssigned, resourceIdOf } from "../../../src/controller/assigned-identity.ts";
import { recordedTarget } from "../../../src/engine/assigned-objects.ts";
import type { AzureAssignedIdentity } from "../../../src/engine/resources.ts";
import type { ApiServer } from "./api-server.ts";
import type { Azure } from "./azure.ts";
import { shortName } from "./ids.ts";

/** Whose the identities on machines are, and the rules that hold at every moment because of it. */
export interface Ownership {
  /**
   * Somebody else attached this identity: podid must never take it away. Where an object is about it already, that holds
   * until another leads before it is written down (docs/decisions/0021).
   */
  foreign(target: string, id: string): void;
  isForeign(target: string, id: string): boolean;
  /** `writer` has made the object, and knows that. */
  made(writer: string, object: Pick<AzureAssignedIdentity, "annotations" | "spec">): void;
  /**
   * Whether anybody could tell whose the identity is when somebody else attaches it now: no object is about it, or
   * `leader` itself has made the only one, in state Created, and has not asked ARM for it since.
   */
  isTellable(target: string, id: string, leader: string): boolean;
  /** An identity for which an object was made, and of which ARM has not been asked since. */
  waited(target: string): string | undefined;
  /** Another process leads, which knows the objects and nothing else. */
  newLeader(): void;
  /** The machine is gone, and what was on it. */
  removed(target: string): void;
  /** Objects that answer for identity `id` on the machine. */
  answering(target: string, id: string): readonly AzureAssignedIdentity[];
  writes(): number;
}

/** The machine that an object is about, lower-cased: whatever its node stands on now. */
function targetOf(object: Pick<AzureAssignedIdentity, "annotations">): string {
  return (recordedTarget(object) ?? "").toLowerCase();
}

/** Watches everything that ARM accepts and everything that is written; `violated` hears what is against the rules. */
export function createOwnership(options: {
  readonly server: ApiServer;
  readonly azure: Azure;
  readonly violated: (what: string) => void;
  readonly patches: string[];
  readonly journal: string[];
}): Ownership {
  const { server, azure, violated, patches, journal } = options;
  const foreign = new Set<string>();
  /** Who made the object for an identity of which ARM has not been asked since. */
  const makers = new Map<string, string>();
  /** What is somebody else's, and only the leader knows. */
  const unwritten = new Set<string>();
  let writes = 0;

  const answering = (target: string, id: string): readonly AzureAssignedIdentity[] =>
    server.truth
      .list("AzureAssignedIdentity")
      .filter(
        (object) =>
          object.status.status !== "Unassigned" && targetOf(object) === target && resourceIdOf(object) === id,
      );
  const isForeign = (target: string, id: string): boolean => foreign.has(`${target} ${id}`);

  azure.onAccepted = ({ target, added, removed }) => {
    const change = [
      ...added.map((id) => `+${shortName(id)}`),
      ...removed.map((id) => `-${shortName(id)}`),
    ].join(" ");
    patches.push(`${shortName(target)} ${change}`);
    journal.push(`    ARM accepts ${shortName(target)} ${change}`);
    for (const id of added.map((one) => one.toLowerCase())) {
      if (answering(target, id).length === 0) {
        violated(`nothing answers for ${shortName(id)}, which is put on ${shortName(target)}`);
      }
    }
    for (const id of removed.map((one) => one.toLowerCase())) {
      if (isForeign(target, id)) violated(`${shortName(id)} on ${shortName(target)} is not ours to remove`);
    }
  };
  azure.onAsked = (target, ids) => {
    for (const id of ids) makers.delete(`${target} ${id}`);
  };
  server.onWritten = (object, before) => {
    writes += 1;
    const id = resourceIdOf(object);
    const [target, now] = [targetOf(object), object.status.status];
    if (isPreAssigned(object)) unwritten.delete(`${target} ${id}`);
    if (id === null || now !== "Assigned" || before?.status.status === "Assigned") return;
    if (azure.on(target)?.has(id) === false) violated(`${object.name} is Assigned, and ARM does not show it`);
    if (azure.soonOn(target)?.has(id) === false)
      violated(`${object.name} is Assigned while ARM takes it away`);
  };
  server.onRemoved = (object) => {
    writes += 1;
    const id = resourceIdOf(object);
    const target = targetOf(object);
    if (id !== null && answering(target, id).length === 0) unwritten.delete(`${target} ${id}`);
    if (id === null || isPreAssigned(object) || isForeign(target, id)) return;
    if (azure.soonOn(target)?.has(id) === true && answering(target, id).length === 0) {
      violated(`nothing answers any more for ${shortName(id)}, which stays on ${shortName(target)}`);
    }
  };
  return {
    foreign: (target, id) => {
      const key = `${target} ${id.toLowerCase()}`;
      foreign.add(key);
      if (answering(target, id.toLowerCase()).length > 0) unwritten.add(key);
    },
    isForeign,
    made: (writer, object) => {
      const [target, id] = [targetOf(object), resourceIdOf(object)];
      if (id !== null) makers.set(`${target} ${id}`, writer);
    },
    isTellable: (target, id, leader) => {
      const objects = answering(target, id);
      if (objects.length === 0) return true;
      const isNew = objects.length === 1 && objects[0]?.status.status === "Created";
      return isNew && makers.get(`${target} ${id}`) === leader;
    },
    waited: (target) => {
      const start = `${target} `;
      return [...makers.keys()].find((key) => key.startsWith(start))?.slice(start.length);
    },
    newLeader: () => {
      makers.clear();
      for (const key of unwritten) foreign.delete(key);
      unwritten.clear();
    },
    removed: (target) => {
      for (const key of foreign) if (key.startsWith(`${target} `)) foreign.delete(key);
    },
    answering,
    writes: () => writes,
  };
}
