import { z } from "zod";

import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";

const taintedNode = z.object({
  spec: z.object({ taints: z.array(z.looseObject({ key: z.string() })).optional() }),
});

/**
 * Takes the taint of this key off a node, whatever its value and effect, and nothing else: the others are named in the
 * patch, so that one which comes meanwhile makes it fail.
 * @throws KubernetesError: Forbidden without the right to, Invalid when the taints changed meanwhile.
 */
export async function removeTaint(
  api: Pick<KubernetesApi, "call">,
  { node, key, signal }: { readonly node: string; readonly key: string; readonly signal: AbortSignal },
): Promise<"removed" | "not there"> {
  const path = `/api/v1/nodes/${encodeURIComponent(node)}`;
  const read = taintedNode.safeParse(await api.call({ method: "GET", path, signal }));
  if (!read.success) throw new KubernetesError("Unreachable", "the server answered no Node");
  const { taints = [] } = read.data.spec;
  const others = taints.filter((taint) => taint.key !== key);
  if (others.length === taints.length) return "not there";
  await api.call({
    method: "PATCH",
    path,
    bodyType: "application/json-patch+json",
    body: [
      { op: "test", path: "/spec/taints", value: taints },
      { op: "replace", path: "/spec/taints", value: others },
    ],
    signal,
  });
  return "removed";
}
