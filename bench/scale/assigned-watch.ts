import { createApiClient } from "../../src/kubernetes/api-client.ts";
import { connectByKubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import { createSystemClock } from "../../src/runtime/clock.ts";
import type { ControlPlane } from "../../test/control-plane/control-plane.ts";
import { waitFor } from "../../test/control-plane/wait.ts";

/** Somebody else's look at the AzureAssignedIdentities: a watch of its own. */
export interface AssignedWatch {
  /** Resolves when so many are Assigned, with the time (`performance.now`) at which the last was. */
  until(count: number, deadlineMs: number): Promise<number>;
  /** When the pod's became Assigned, once it has. */
  untilPod(pod: string, deadlineMs: number): Promise<number>;
  close(): Promise<void>;
}

/** Starts to watch; objects that are there already are seen first. */
export async function watchAssigned(plane: ControlPlane): Promise<AssignedWatch> {
  const clock = createSystemClock();
  const connection = await connectByKubeconfig({ clock, path: plane.adminKubeconfigPath });
  const api = createApiClient({ connection, clock, userAgent: "podid/bench", rate: null });
  const ending = new AbortController();
  const assigned = new Map<string, number>();
  const lines = await api.watch({
    path: "/apis/aadpodidentity.k8s.io/v1/azureassignedidentities",
    query: {
      watch: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: "true",
    },
    signal: ending.signal,
  });
  const follow = async (): Promise<void> => {
    for await (const line of lines) {
      if (!line.includes('"status":"Assigned"')) continue;
      const pod = /"pod":"([^"]+)"/.exec(line)?.[1];
      if (pod !== undefined && !assigned.has(pod)) assigned.set(pod, performance.now());
    }
  };
  const following = follow().catch(() => undefined);
  const last = (): number => Math.max(...assigned.values());
  return {
    until: async (count, deadlineMs) => {
      await waitFor(() => assigned.size >= count, `${count} Assigned`, deadlineMs).catch((error: unknown) => {
        throw new Error(`${assigned.size} of ${count} are Assigned`, { cause: error });
      });
      return last();
    },
    untilPod: (pod, deadlineMs) => waitFor(() => assigned.get(pod), `${pod} Assigned`, deadlineMs),
    close: async () => {
      ending.abort(new Error("the bench is over"));
      await following;
      await api.close();
    },
  };
}
