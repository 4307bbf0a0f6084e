import type { PlanInput } from "../../../src/controller/plan.ts";
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
