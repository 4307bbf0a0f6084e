import { isPreAssigned, resourceIdOf } from "../../../src/controller/assigned-identity.ts";
import { recordedTarget } from "../../../src/engine/assigned-objects.ts";
import type { AzureAssignedIdentity } from "../../../src/engine/resources.ts";
import type { ApiServer } from "./api-server.ts";
import type { Azure } from "./azure.ts";
import { shortName } from "./ids.ts";

/** Whose the identities on machines are, and the rules that hold at every moment because of it. */
export interface Ownership {
  /** Somebody else attached this identity: podid must never take it away. */
  foreign(target: string, id: string): void;
  isForeign(target: string, id: string): boolean;
  /** The machine is gone, and what was on it. */
  removed(target: string): void;
  /** Objects that answer for identity `id` on the machine. */
  answering(target: string, id: string): readonly AzureAssignedIdentity[];
  writes(): number;
}

/** The machine that an object is about, lower-cased: whatever its node stands on now. */
function targetOf(object: AzureAssignedIdentity): string {
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
  server.onWritten = (object, before) => {
    writes += 1;
    const id = resourceIdOf(object);
    const [target, now] = [targetOf(object), object.status.status];
    if (id === null || now !== "Assigned" || before?.status.status === "Assigned") return;
    if (azure.on(target)?.has(id) === false) violated(`${object.name} is Assigned, and ARM does not show it`);
    if (azure.soonOn(target)?.has(id) === false)
      violated(`${object.name} is Assigned while ARM takes it away`);
  };
  server.onRemoved = (object) => {
    writes += 1;
    const id = resourceIdOf(object);
    const target = targetOf(object);
    if (id === null || isPreAssigned(object) || isForeign(target, id)) return;
    if (azure.soonOn(target)?.has(id) === true && answering(target, id).length === 0) {
      violated(`nothing answers any more for ${shortName(id)}, which stays on ${shortName(target)}`);
    }
  };
  return {
    foreign: (target, id) => void foreign.add(`${target} ${id.toLowerCase()}`),
    isForeign,
    removed: (target) => {
      for (const key of foreign) if (key.startsWith(`${target} `)) foreign.delete(key);
    },
    answering,
    writes: () => writes,
  };
}
