import { readAssignmentTerms } from "../../../src/controller/assignment-terms.ts";
import type { Cluster } from "../../../src/controller/ports.ts";
import { keyOf } from "../../../src/engine/cluster-document.ts";
import type { AzureIdentityBinding, JsonObject, Key } from "../../../src/engine/resources.ts";
import { isUserAssignedIdentityId } from "../../../src/runtime/identity-id.ts";
import { machineOf } from "./ids.ts";

/** Who shall have what, computed from the objects in the plainest way: the model that the controller is held against. */
export interface Wish {
  readonly pod: Key;
  readonly uid: string;
  readonly node: string;
  readonly identity: Key;
  /** Of several that give the pod this identity the one that is written down. */
  readonly binding: Key;
  /** Lower-cased id of the machine. */
  readonly target: string;
  /** Lower-cased id of the identity in ARM. */
  readonly id: string;
  /** Whether it must be there; else it may stay where it is, because its box opens again soon. */
  readonly must: boolean;
  readonly isOpen: boolean;
}

const daySeconds = 24 * 3600;

/** All wishes that `cluster` gives rise to at `nowMs`. */
export function wishesOf(cluster: Pick<Cluster, "list" | "get">, nowMs: number): readonly Wish[] {
  const bindings = cluster.list("AzureIdentityBinding");
  const nowSeconds = Math.floor(nowMs / 1000);
  return cluster.list("Pod").flatMap((pod): readonly Wish[] => {
    const node = cluster.get("Node", pod.node);
    if (node === undefined || machineOf(node) === "" || pod.phase !== "Running") return [];
    const matching = bindings.filter(({ spec }) => spec.selector === pod.labels["aadpodidbinding"]);
    const byIdentity = Map.groupBy(matching, (one) => `${one.namespace}/${one.spec.azureIdentity}`);
    return [...byIdentity].flatMap(([identity, ofIdentity]): readonly Wish[] => {
      // All weigh the same, so the first counts.
      const written = ofIdentity.map(keyOf)[0] ?? "";
      const { type, resourceID } = cluster.get("AzureIdentity", identity)?.spec ?? {
        type: 0,
        resourceID: "",
      };
      const closest = Math.min(...ofIdentity.map((binding) => opensInSeconds(binding, nowSeconds)));
      const terms = ofIdentity.map(({ spec }) => readAssignmentTerms(spec.timeBox));
      const lead = Math.max(...terms.map(({ leadTimeSeconds }) => leadTimeSeconds));
      const keep = Math.max(...terms.map(({ keepIfReopensWithinSeconds }) => keepIfReopensWithinSeconds));
      if (type !== 0 || !isUserAssignedIdentityId(resourceID) || closest > Math.max(lead, keep)) return [];
      const subject = {
        pod: `${pod.namespace}/${pod.name}`,
        uid: pod.uid,
        node: pod.node,
        identity,
        binding: written,
      };
      const id = resourceID.toLowerCase();
      return [{ ...subject, target: machineOf(node), id, must: closest <= lead, isOpen: closest === 0 }];
    });
  });
}

/** A daily window in UTC, which is all that bindings here have; 0 while it is open. */
function opensInSeconds({ spec }: AzureIdentityBinding, nowSeconds: number): number {
  const window = windowOf(spec.timeBox);
  if (window === null) return 0;
  const [start, end] = window;
  const now = nowSeconds % daySeconds;
  return start <= now && now < end ? 0 : (start - now + daySeconds) % daySeconds;
}

function windowOf(timeBox: JsonObject | null): readonly [number, number] | null {
  if (timeBox === null) return null;
  const [, fromHour, fromMinute, toHour, toMinute] =
    /"start":"(\d\d):(\d\d)","end":"(\d\d):(\d\d)"/.exec(JSON.stringify(timeBox)) ?? [];
  return [Number(fromHour) * 3600 + Number(fromMinute) * 60, Number(toHour) * 3600 + Number(toMinute) * 60];
}
