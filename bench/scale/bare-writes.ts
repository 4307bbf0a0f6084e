import { z } from "zod";

import { type Api, succeed } from "../../test/control-plane/api.ts";
import { createAll } from "./load.ts";

const path = "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureassignedidentities";

const list = z.object({
  items: z.tuple([
    z.object({
      metadata: z.object({ labels: z.json(), annotations: z.json(), finalizers: z.json() }),
      spec: z.json(),
      status: z.json(),
    }),
  ]),
});

/**
 * How long this server takes for `count` such objects as the controller has written, from a client that has nothing else
 * to do: seconds. Below that no controller comes, however it is made.
 */
export async function measureBareWrites(api: Api, count: number): Promise<number> {
  const { items } = list.parse(await succeed(api.get(`${path}?limit=1`)));
  const [{ metadata, spec, status }] = items;
  const copies = Array.from({ length: count }, (_, index) => ({
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureAssignedIdentity",
    metadata: { name: `copy-${index}`, ...metadata },
    spec,
    status,
  }));
  const startedMs = performance.now();
  await createAll(api, path, copies);
  return (performance.now() - startedMs) / 1000;
}
