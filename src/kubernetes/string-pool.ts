import type { AzureAssignedIdentity, Pod } from "./resources.ts";

/** Keeps one copy of texts that many objects repeat: JSON.parse makes a new one each time. */
export interface StringPool {
  one(text: string): string;
}

/** Far above the distinct labels, nodes and accounts of a large cluster. */
const largestPool = 50_000;

/** Makes an empty pool. When it grows too large it forgets, which costs memory and nothing else. */
export function createStringPool(): StringPool {
  const texts = new Map<string, string>();
  return {
    one: (text) => {
      const known = texts.get(text);
      if (known !== undefined) return known;
      if (texts.size >= largestPool) texts.clear();
      texts.set(text, text);
      return text;
    },
  };
}

/** The same pod, its repeated texts out of the pool. */
export function poolPod(pool: StringPool, pod: Pod): Pod {
  return {
    ...pod,
    namespace: pool.one(pod.namespace),
    serviceAccount: pool.one(pod.serviceAccount),
    node: pool.one(pod.node),
    phase: pool.one(pod.phase),
    labels: Object.fromEntries(
      Object.entries(pod.labels).map(([name, value]) => [pool.one(name), pool.one(value)]),
    ),
  };
}

/** The same object, what it repeats of its node, machine and namespace out of the pool. */
export function poolAssignedIdentity(pool: StringPool, object: AzureAssignedIdentity): AzureAssignedIdentity {
  return {
    ...object,
    namespace: pool.one(object.namespace),
    annotations: Object.fromEntries(
      Object.entries(object.annotations).map(([name, value]) => [
        pool.one(name),
        // The id of a machine; other values, as a pod's uid, are an object's own.
        value.startsWith("/") ? pool.one(value) : value,
      ]),
    ),
    finalizers: object.finalizers.map((name) => pool.one(name)),
    spec: {
      ...object.spec,
      podNamespace: pool.one(object.spec.podNamespace),
      nodename: pool.one(object.spec.nodename),
    },
  };
}
