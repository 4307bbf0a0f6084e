import type { ClusterSource } from "../kubernetes/cluster-source.ts";
import { toError } from "../runtime/to-error.ts";

/**
 * Resolves when everything of the cluster has been read.
 * @throws the reason of `signal` when it aborts before.
 */
export async function untilSynced(
  cluster: Pick<ClusterSource, "synced">,
  signal: AbortSignal,
): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(toError(signal.reason));
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([cluster.synced(), promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
