import { isDeepStrictEqual } from "node:util";

import { pairOf, resourceIdOf } from "../../../src/controller/assigned-identity.ts";
import { recordedTarget } from "../../../src/engine/assigned-objects.ts";
import { keyOf } from "../../../src/engine/cluster-document.ts";
import type { AzureAssignedIdentity } from "../../../src/engine/resources.ts";
import type { SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import type { ApiServer } from "./api-server.ts";
import type { Azure } from "./azure.ts";
import { shortName } from "./ids.ts";
import type { Ownership } from "./ownership.ts";
import { wishesOf, type Wish } from "./wishes.ts";

interface Parts {
  readonly clock: SimulatedClock;
  readonly server: ApiServer;
  readonly azure: Azure;
  readonly ownership: Ownership;
}

/** In what the world differs from what is wished for; empty when all is as it should be in the end. */
export function differencesIn(parts: Parts): readonly string[] {
  const { clock, server } = parts;
  const wishes = wishesOf(server.truth, clock.nowMs());
  const objects = server.truth.list("AzureAssignedIdentity");
  return [
    ...wishes.flatMap((wish) => unfulfilled(parts, wish, objects)),
    ...objects.flatMap((object) => unjustified(object, wishes)),
    ...parts.azure.machines().flatMap((target) => unanswered(parts, target)),
  ];
}

function unfulfilled(
  { azure, server, ownership }: Parts,
  wish: Wish,
  objects: readonly AzureAssignedIdentity[],
): readonly string[] {
  const mine = objects.filter((object) => isFor(object, wish));
  const what = `${wish.pod} (${wish.uid}) for ${wish.identity} on ${wish.node}`;
  if (mine.length > 1) return [`${what}: ${mine.length} objects`];
  const [object] = mine;
  if (object !== undefined && !quotesTruth(object, wish, server)) return [`${what}: an outdated snapshot`];
  const on = azure.on(wish.target);
  if (!wish.must && object?.status.status === "Created") return [`${what}: under way, and need not be`];
  if (!wish.must || on === undefined) return [];
  if (object === undefined) {
    // What ARM does not know is answered for by one object on the machine, that of another pod (decision 0014).
    const isRefused = azure.unknown.has(wish.id) && !on.has(wish.id);
    const isAnsweredFor = ownership.answering(wish.target, wish.id).length > 0;
    return isRefused && isAnsweredFor ? [] : [`${what}: no object`];
  }
  if (resourceIdOf(object) !== wish.id) return [`${what}: for another resource`];
  if (azure.unknown.has(wish.id) && !on.has(wish.id)) {
    return object.status.status === "Created" ? [] : [`${what}: ${object.status.status}, and ARM has none`];
  }
  return [
    ...(object.status.status === "Assigned" ? [] : [`${what}: ${object.status.status}`]),
    ...(on.has(wish.id) ? [] : [`${what}: not on the machine`]),
  ];
}

function unjustified(object: AzureAssignedIdentity, wishes: readonly Wish[]): readonly string[] {
  if (object.status.status === "Unassigned") return [`${keyOf(object)} is left Unassigned`];
  return wishes.some((wish) => isFor(object, wish)) ? [] : [`${keyOf(object)} is left over`];
}

function isFor(object: AzureAssignedIdentity, wish: Wish): boolean {
  return (
    pairOf(object) === `${wish.pod}/${wish.identity}` &&
    object.annotations["podid.dev/pod-uid"] === wish.uid &&
    object.spec.nodename === wish.node &&
    recordedTarget(object)?.toLowerCase() === wish.target
  );
}

/** An object that quotes what identity or binding said before will be written once more, as soon as the controller can. */
function quotesTruth({ spec }: AzureAssignedIdentity, wish: Wish, { truth }: ApiServer): boolean {
  const { azureIdentityRef: identity, azureBindingRef: binding } = spec;
  return (
    binding !== null &&
    keyOf(binding) === wish.binding &&
    isDeepStrictEqual(binding.spec, truth.get("AzureIdentityBinding", wish.binding)?.spec) &&
    isDeepStrictEqual(identity?.spec, truth.get("AzureIdentity", wish.identity)?.spec)
  );
}

/** What is on a machine is somebody's, or some object answers for it. */
function unanswered({ azure, ownership }: Parts, target: string): readonly string[] {
  const ids = [...(azure.on(target) ?? [])];
  const soon = azure.soonOn(target) ?? new Set();
  return ids
    .filter((id) => !ownership.isForeign(target, id) && ownership.answering(target, id).length === 0)
    .map((id) => `${shortName(id)} is left on ${shortName(target)}`)
    .concat(ids.every((id) => soon.has(id)) && ids.length === soon.size ? [] : ["an operation is running"]);
}
