import type { TestContext } from "node:test";

import type { KubernetesApi } from "../../../src/kubernetes/api.ts";
import { createApiClient } from "../../../src/kubernetes/api-client.ts";
import { connectByKubeconfig } from "../../../src/kubernetes/kubeconfig.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import type { ControlPlane } from "../../control-plane/control-plane.ts";
import { grantUser, type Rule, uniqueName } from "../../control-plane/fixtures.ts";

/** A user of a new name who may do what `rules` say in `namespace`, or (null) everywhere; its kubeconfig. */
export async function createUser(
  plane: ControlPlane,
  rules: readonly Rule[],
  namespace: string | null,
): Promise<string> {
  const user = uniqueName("podid");
  await grantUser(plane.api(), user, rules, namespace ?? undefined);
  return plane.kubeconfigFor(user);
}

/** podid's own client, closed with the test. */
export async function connect(t: TestContext, kubeconfig: string): Promise<KubernetesApi> {
  const clock = createSystemClock();
  const connection = await connectByKubeconfig({ clock, path: kubeconfig });
  const api = createApiClient({ connection, clock, userAgent: "podid/test", rate: null });
  t.after(() => api.close());
  return api;
}
