import type { Key } from "../engine/resources.ts";
import { podOf } from "./assigned-identity.ts";
import { observe, type Snapshot } from "./observe.ts";
import type { Cluster } from "./ports.ts";

interface Change {
  readonly kind: string;
  readonly key: Key;
}

/** The cluster as the controller sees it: grouped once per burst of changes, not once per look. */
export interface Observed {
  now(): Snapshot;
  /** Takes note of a change that reads of the cluster can already see. */
  noteChange(change: Change): void;
}

/** Makes the view; after each burst of changes `onTouched` hears the keys of the units concerned. */
export function createObserved(cluster: Cluster, onTouched: (unitKey: string) => void): Observed {
  let snapshot: Snapshot | undefined;
  let before: Snapshot | undefined;
  let changes: Change[] = [];

  const now = (): Snapshot => (snapshot ??= observe(cluster));
  const tell = (): void => {
    const views = before === undefined ? [now()] : [before, now()];
    const touched = new Set(changes.flatMap((change) => unitsTouched(change, views)));
    changes = [];
    before = now();
    for (const key of touched) onTouched(key);
  };
  const noteChange = (change: Change): void => {
    if (changes.length === 0) queueMicrotask(tell);
    changes.push(change);
    before ??= snapshot;
    snapshot = undefined;
  };
  return { now, noteChange };
}

/** Looks before and after the change: what a pod or a node has left must be cleared away. */
function unitsTouched({ kind, key }: Change, views: readonly Snapshot[]): readonly string[] {
  const ofPod = (pod: Key): readonly string[] =>
    views.flatMap((view) => [...(view.unitsOfPod.get(pod) ?? [])]);
  switch (kind) {
    case "Pod":
      return ofPod(key);
    case "Node":
      return views.flatMap((view) => view.unitOfNode.get(key) ?? []);
    case "AzureAssignedIdentity":
      return views.flatMap((view) => view.assigned.get(key) ?? []).flatMap((object) => ofPod(podOf(object)));
    default:
      // Whom a binding, an identity, a namespace or an exception concerns, only the policy knows.
      return views.flatMap((view) => [...view.units.keys()]);
  }
}
