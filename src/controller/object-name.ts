import type { Wanted } from "./wanted.ts";

const behavior = { name: "aadpodidentity.k8s.io/Behavior", namespaced: "namespaced" };
/** The API server refuses longer ones with 422. */
const mostCharacters = 253;

/** Names that an object for a wish may have, in one namespace. Nobody reads anything from them. */
export interface ObjectNames {
  readonly namespace: string;
  /** The reference's. It is ambiguous. */
  readonly plain: string;
  /** Where the plain one is not free. */
  readonly long: string;
  /** Where the long one is held for another machine; null where the pod's is not known. */
  readonly ofTarget: () => string | null;
}

/** `target`: the VM or scale set, in whatever letter case. */
export function namesFor(
  { pod, identity }: Wanted,
  options: { readonly namespaced: boolean; readonly target: string | null },
): ObjectNames {
  const { namespaced, target } = options;
  const isOwn = namespaced || identity.annotations[behavior.name] === behavior.namespaced;
  const plain = `${pod.name}-${pod.namespace}-${identity.name}`;
  const long = `${plain}-${identity.namespace}-${pod.uid}`;
  return {
    namespace: isOwn ? identity.namespace : "default",
    plain: fitting(plain),
    long: fitting(long),
    // Hardly ever asked for.
    ofTarget: () => (target === null ? null : fitting(`${long}-${shortHash(target.toLowerCase())}`)),
  };
}

function fitting(name: string): string {
  if (name.length <= mostCharacters) return name;
  const hash = shortHash(name);
  const kept = name.slice(0, mostCharacters - hash.length - 1).replace(/[^a-z0-9]+$/, "");
  return `${kept}-${hash}`;
}

/** FNV-1a, 32 bits. Names that are equal by chance cost a wait, as any name that is not free. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
