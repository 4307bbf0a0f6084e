import type { KubernetesApi } from "./api.ts";
import { KubernetesError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { kindPaths, objectPath, splitKey } from "./kind-paths.ts";
import { secretProjection } from "./projections.ts";
import type { AccessRecord, ResourceSource, StatusKind } from "./resource-source.ts";

/** Under which podid's own fields are known to the server. */
const fieldManager = "podid-controller";

/** Makes `status` what podid owns of the status of one object, by server-side apply. */
export async function applyStatus(
  api: Pick<KubernetesApi, "call">,
  kind: StatusKind,
  key: string,
  status: JsonObject,
): Promise<void> {
  const { apiVersion } = kindPaths[kind];
  await api.call({
    method: "PATCH",
    path: `${objectPath(kind, key)}/status`,
    // Nobody else writes these fields, but an earlier podid may have, under another name.
    query: { fieldManager, force: "true" },
    bodyType: "application/apply-patch+yaml",
    body: { apiVersion, kind, metadata: splitKey(key), status },
    // It shows what is so, and pods wait for assignments.
    yields: true,
  });
}

/** Deletes a grant or approval; one that is gone, or another under its name, is left as it is. */
export async function deleteAccessRecord(
  api: Pick<KubernetesApi, "call">,
  { kind, key, uid }: AccessRecord,
): Promise<void> {
  try {
    await api.call({ method: "DELETE", path: objectPath(kind, key), body: { preconditions: { uid } } });
  } catch (thrown) {
    const isGone = thrown instanceof KubernetesError && ["NotFound", "Conflict"].includes(thrown.code);
    if (!isGone) throw thrown;
  }
}

/** Reads a Secret's data, each time from the server. */
export async function readSecret(
  api: Pick<KubernetesApi, "call">,
  ...[namespace, name]: Parameters<ResourceSource["readSecret"]>
): Promise<ReadonlyMap<string, string> | undefined> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`;
  try {
    const result = secretProjection.safeParse(await api.call({ method: "GET", path }));
    if (result.success) return result.data;
  } catch (thrown) {
    if (thrown instanceof KubernetesError && thrown.code === "NotFound") return undefined;
    throw thrown;
  }
  // Without details, which could quote the data.
  throw new KubernetesError("Invalid", `Secret ${namespace}/${name} holds data that is no base64`);
}
