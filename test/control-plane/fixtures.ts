import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

import { type Api, at, listAt, succeed, textAt } from "./api.ts";
import type { ControlPlane } from "./control-plane.ts";
import { rootPath } from "./programs.ts";
import { waitFor } from "./wait.ts";

/** A name nobody used before: namespaces never go away without their controller, so names must not come again. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString("hex")}`;
}

/** Applies podid's CRDs as they ship; resolves when each is established and its list answers. */
export async function applyCrds(plane: ControlPlane): Promise<void> {
  const api = plane.api();
  const folder = join(rootPath, "deploy/crds");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".yaml"));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const crds: unknown[] = texts.flatMap((text) =>
    parseAllDocuments(text).map((document): unknown => document.toJS()),
  );
  await Promise.all(crds.map((crd) => applyCrd(api, crd)));
}

async function applyCrd(api: Api, crd: unknown): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${textAt(crd, "metadata", "name")}`;
  await succeed(api.apply(path, crd));
  const plural = textAt(crd, "spec", "names", "plural");
  const [version] = listAt(crd, "spec", "versions");
  const list = `/apis/${textAt(crd, "spec", "group")}/${textAt(version, "name")}/${plural}`;
  await waitFor(async () => isEstablished(await succeed(api.get(path))), `${plural} established`);
  await waitFor(async () => (await api.get(list)).status === 200, `${plural} served`);
}

function isEstablished(crd: unknown): boolean {
  return listAt(crd, "status", "conditions").some(
    (condition) => at(condition, "type") === "Established" && at(condition, "status") === "True",
  );
}

/** Makes a namespace of a new name; answers that name. */
export async function createNamespace(api: Api, prefix = "test"): Promise<string> {
  const name = uniqueName(prefix);
  await succeed(api.post("/api/v1/namespaces", { metadata: { name } }));
  return name;
}

export interface NodeSpec {
  readonly name: string;
  /** As a cloud provider writes it, `azure:///subscriptions/…`. */
  readonly providerID?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Makes a Node; without node lifecycle it keeps the taint `not-ready`, which hinders nothing here. */
export async function createNode(api: Api, { name, providerID, labels = {} }: NodeSpec): Promise<unknown> {
  const spec = providerID === undefined ? {} : { providerID };
  return succeed(api.post("/api/v1/nodes", { metadata: { name, labels }, spec }));
}

/** The user and the group of a kubelet, for `plane.api` and `plane.kubeconfigFor`. */
export function nodeIdentity(node: string): { readonly user: string; readonly groups: readonly string[] } {
  return { user: `system:node:${node}`, groups: ["system:nodes"] };
}

export async function createServiceAccount(api: Api, namespace: string, name: string): Promise<unknown> {
  return succeed(api.post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } }));
}

export interface TokenSpec {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Empty: the API server itself. */
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
  /** The pod that the token is bound to. */
  readonly pod?: { readonly name: string; readonly uid: string };
}

/** Requests a service account token (TokenRequest); `api` needs the right to. */
export async function requestToken(api: Api, spec: TokenSpec): Promise<string> {
  const { namespace, serviceAccount, audiences = [], expirationSeconds = 3600, pod } = spec;
  const boundObjectRef =
    pod === undefined ? {} : { boundObjectRef: { kind: "Pod", apiVersion: "v1", ...pod } };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
  const answer = await succeed(api.post(path, { spec: { audiences, expirationSeconds, ...boundObjectRef } }));
  return textAt(answer, "status", "token");
}

/** One rule of RBAC, as in a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Grants a user the rules, in one namespace or (without one) everywhere; in force within some 40 ms: wait for it. */
export async function grantUser(
  api: Api,
  user: string,
  rules: readonly Rule[],
  namespace?: string,
): Promise<void> {
  const base = "/apis/rbac.authorization.k8s.io/v1";
  const path = namespace === undefined ? base : `${base}/namespaces/${namespace}`;
  const [roles, kind] = namespace === undefined ? ["clusterroles", "ClusterRole"] : ["roles", "Role"];
  const metadata = { name: uniqueName("granted") };
  await succeed(api.post(`${path}/${roles}`, { metadata, rules }));
  const bindings = namespace === undefined ? "clusterrolebindings" : "rolebindings";
  await succeed(
    api.post(`${path}/${bindings}`, {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: metadata.name },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    }),
  );
}

/**
 * Makes etcd forget what was before `revision`, a resourceVersion. A watch that would start before it (its own
 * resourceVersion + 1) gets the error 410 where the API server has no watch cache, which is so for `events` alone.
 */
export async function compactEtcd(plane: ControlPlane, revision: string): Promise<void> {
  const body = JSON.stringify({ revision, physical: true });
  const answer = await fetch(`${plane.etcdUrl}/v3/kv/compaction`, { method: "POST", body });
  if (!answer.ok) throw new Error(`etcd answered ${answer.status}: ${await answer.text()}`);
}
