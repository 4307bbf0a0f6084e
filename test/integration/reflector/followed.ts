import type { TestContext } from "node:test";

import { createApiClient } from "../../../src/kubernetes/api-client.ts";
import type { KubernetesApi } from "../../../src/kubernetes/api.ts";
import {
  createClusterSource,
  type ClusterSource,
  type ClusterSourceOptions,
} from "../../../src/kubernetes/cluster-source.ts";
import { connectByKubeconfig } from "../../../src/kubernetes/kubeconfig.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createLog, createSilentLog, type Log } from "../../../src/runtime/log.ts";
import type { ControlPlane } from "../../control-plane/control-plane.ts";

export const clock = createSystemClock();

/** podid's own client of a plane, closed after the test. */
export async function clientOf(
  t: TestContext,
  plane: ControlPlane,
  kubeconfig: string = plane.adminKubeconfigPath,
): Promise<KubernetesApi> {
  const connection = await connectByKubeconfig({ clock, path: kubeconfig });
  const api = createApiClient({ connection, clock, userAgent: "podid/test", rate: null });
  t.after(() => api.close());
  return api;
}

/** A source over `api`, closed after the test; not synced yet. */
export function follow(
  t: TestContext,
  api: KubernetesApi,
  options: Pick<ClusterSourceOptions, "kinds"> & Partial<ClusterSourceOptions>,
): ClusterSource {
  const source = createClusterSource({
    api,
    clock,
    log: createSilentLog(),
    random: Math.random,
    recordEvent: () => {},
    ...options,
  });
  t.after(() => source.close());
  return source;
}

/** A log, and how its watches have ended so far, as `path end`. */
export function noteEnds(): { readonly log: Log; readonly ends: readonly string[] } {
  const ends: string[] = [];
  const write = (line: string): void => {
    const { path, end }: { path?: string; end?: string } = JSON.parse(line);
    if (path !== undefined && end !== undefined) ends.push(`${path} ${end}`);
  };
  return { log: createLog({ clock, level: "debug", component: "test", destination: { write } }), ends };
}
