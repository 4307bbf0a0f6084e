import assert from "node:assert/strict";

import type { Action } from "../../../src/controller/action.ts";
import type { PlanInput } from "../../../src/controller/plan-input.ts";
import type { Wanted } from "../../../src/controller/wanted.ts";
import { keyOf } from "../../../src/engine/cluster-document.ts";
import type { AzureAssignedIdentity, AzureIdentity, Pod } from "../../../src/engine/resources.ts";
import { identityId, makeBinding, makeIdentity, makePod, vmId } from "./objects.ts";

export const reader = makeIdentity("reader");
export const secret = makeIdentity("secret", { spec: { type: 1, resourceID: "" } });
export const web0 = makePod("web-0");
export const web1 = makePod("web-1");

export function want(pod: Pod, identity: AzureIdentity = reader): Wanted {
  const binding = makeBinding(identity.name, { namespace: identity.namespace });
  return { pod, identity, binding, inForce: true, validUntil: null };
}

export interface Situation {
  readonly wanted?: readonly Wanted[];
  readonly undecided?: readonly string[];
  readonly current?: readonly AzureAssignedIdentity[];
  readonly elsewhere?: readonly AzureAssignedIdentity[];
  readonly inventory?: readonly string[] | null;
  readonly place?: PlanInput["place"];
}

export function toInput(situation: Situation): PlanInput {
  const { wanted = [], undecided = [], current = [], elsewhere = [], inventory = [] } = situation;
  return {
    place: situation.place ?? { kind: "compute", target: vmId("vm-0") },
    desired: { wanted, undecidedPods: new Set(undecided), wakeAt: null },
    current,
    inventory: inventory === null ? null : new Set(inventory.map((name) => identityId(name).toLowerCase())),
    everywhere: new Map([...current, ...elsewhere].map((object) => [keyOf(object), object])),
    namespaced: false,
  };
}

function short(id: string | null): string {
  return id === null ? "" : ` ${id.slice(id.lastIndexOf("/") + 1)}`;
}

/** An action in a few words; ids by their last part. */
export function tell(action: Action): string {
  if (action.type === "create" || action.type === "replace") {
    const isForeign = action.object.annotations["podid.dev/pre-assigned"] === "true";
    return `${action.type} ${action.object.name}${isForeign ? " pre-assigned" : ""}`;
  }
  if (action.type === "createAssigned") {
    assert.equal(action.object.status.status, "Assigned");
    const isForeign = action.object.annotations["podid.dev/pre-assigned"] === "true";
    return `${action.type} ${action.object.name}${short(action.resourceId)}${isForeign ? " pre-assigned" : ""}`;
  }
  if (action.type === "changeIdentities") {
    return `arm +[${action.add.map(short).join("").trim()}] -[${action.remove.map(short).join("").trim()}]`;
  }
  if (action.type === "showTimeBox") return `show ${action.subject.object}`;
  return `${action.type} ${action.subject.object}${short(action.resourceId)}`;
}
