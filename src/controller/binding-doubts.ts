import { keyOf } from "../engine/cluster-document.ts";
import type { AzureIdentityBinding, Key, Pod } from "../engine/resources.ts";
import type { Cluster } from "./ports.ts";

/**
 * Which answers of the policy that ships a changed binding makes doubtful. That policy finds the bindings of a pod by two
 * indexes alone (buildClusterDocument): by the pod's classic label, and by its namespace those that have no selector.
 */
export interface BindingDoubts {
  /** Of all doubts so far. */
  count(): number;
  /** Whether a doubt about answers for pods like this came after `asOf`. */
  concern(pod: Pod, asOf: number): boolean;
  /** Learns what bindings there are, before the first change of one is noted. */
  start(): void;
  /** Takes note of a binding that is new, different or gone. False: there are too many doubts to keep apart. */
  note(key: Key): boolean;
  /** Nobody holds an answer any more. */
  clear(): void;
}

const classicLabel = "aadpodidbinding";
/** More than change one by one between two changes that concern all. */
const mostDoubts = 10_000;

/** No doubts yet. */
export function createBindingDoubts(cluster: Pick<Cluster, "get" | "list">): BindingDoubts {
  let known = new Map<Key, AzureIdentityBinding>();
  let count = 0;
  const bySelector = new Map<string, number>();
  const byNamespace = new Map<string, number>();
  const doubt = ({ namespace, spec }: AzureIdentityBinding): void => {
    if (spec.selector === "") byNamespace.set(namespace, count);
    else bySelector.set(spec.selector, count);
  };
  return {
    count: () => count,
    concern: ({ labels, namespace }, asOf) =>
      (bySelector.get(labels[classicLabel] ?? "") ?? 0) > asOf || (byNamespace.get(namespace) ?? 0) > asOf,
    start: () => {
      known = new Map(cluster.list("AzureIdentityBinding").map((binding) => [keyOf(binding), binding]));
    },
    note: (key) => {
      count += 1;
      const before = known.get(key);
      const now = cluster.get("AzureIdentityBinding", key);
      if (before !== undefined) doubt(before);
      if (now !== undefined) doubt(now);
      if (now === undefined) known.delete(key);
      else known.set(key, now);
      return bySelector.size + byNamespace.size <= mostDoubts;
    },
    clear: () => {
      bySelector.clear();
      byNamespace.clear();
    },
  };
}
