import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import { z } from "zod";

import { simulate } from "../../../src/cli/simulate.ts";
import { reasonCodes } from "../../../src/engine/reasons.ts";
import { folderWith } from "../../unit/kubernetes/manifest-fixtures.ts";

// The JSON of `podid simulate` as docs/simulate.md promises it: no field more, none less.

const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const key = z.string().regex(/^[^/]+\/[^/]+$/);
const causeSchema = z.strictObject({
  bindings: z.array(key).min(1),
  reasons: z.array(
    z.strictObject({
      code: z.string().refine((code) => reasonCodes.includes(code)),
      params: z.record(z.string(), z.string()),
      text: z.string().min(1),
    }),
  ),
});
const intervalSchema = z.strictObject({
  from: instant,
  to: instant,
  startReason: causeSchema.nullable(),
  endReason: causeSchema.nullable(),
  beginsBefore: z.boolean(),
  endsAfter: z.boolean(),
  bindings: z.array(key).min(1),
});
const identitySchema = z.strictObject({
  identity: key,
  bindings: z.array(key).min(1),
  intervals: z.array(intervalSchema),
  closed: z.array(z.strictObject({ from: instant, to: instant, reason: causeSchema })),
});
export const simulationSchema = z.strictObject({
  from: instant,
  to: instant,
  policy: z.strictObject({ revision: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
  pods: z.array(z.strictObject({ pod: key, exempt: z.boolean(), identities: z.array(identitySchema) })),
});
export type SimulatedJson = z.infer<typeof simulationSchema>;
export type SimulatedInterval = z.infer<typeof intervalSchema>;

/** `podid simulate -o json` on a folder. */
export async function simulateFolder(manifests: string, from: string, to: string): Promise<SimulatedJson> {
  const text = await simulate(
    { manifests, policy: "", kubeconfig: undefined, from, to, output: "json" },
    new AbortController().signal,
    (remark) => assert.fail(remark),
  );
  return simulationSchema.parse(JSON.parse(text));
}

/** The same on a folder with these objects. */
export async function simulateObjects(
  t: TestContext,
  objects: readonly object[],
  range: { readonly from: string; readonly to: string },
): Promise<SimulatedJson> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  return simulateFolder(await folderWith(t, { "objects.yaml": list }), range.from, range.to);
}

/** An object of podid's kinds in the namespace `shop`. */
export function podidObject(kind: string, name: string, spec: object, metadata: object = {}): object {
  return {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind,
    metadata: { name, namespace: "shop", ...metadata },
    spec,
  };
}

/** An identity that needs nothing on the VM. */
export function principal(name: string): object {
  return podidObject("AzureIdentity", name, {
    type: 1,
    tenantID: "22222222-2222-2222-2222-222222222222",
    clientID: "aaaaaaaa-0000-4000-8000-000000000001",
    clientPassword: { name, namespace: "shop" },
  });
}

/** The pod `shop/web-0`, which asks for the bindings with the selector `web`. */
export function webPod(status: object = {}): object {
  const metadata = { name: "web-0", namespace: "shop", labels: { aadpodidbinding: "web" } };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [] }, status };
}
