import { type Answer, type Api, at, succeed, textAt } from "../../control-plane/api.ts";
import type { ControlPlane } from "../../control-plane/control-plane.ts";
import { grantUser, requestToken } from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { create, group, namespace, objectOf, pathOf, request, vote } from "./cluster.ts";

/** A grant as the server made it. */
export interface StoredGrant {
  readonly name: string;
  readonly uid: string;
}

/** Who asks in the tests of admission, what they are allowed, and grants they ask about. */
export interface People {
  /** May request, and activate the binding oncall. */
  readonly alice: Api;
  /** May approve, and approve grants of the bindings oncall and ledger. */
  readonly bob: Api;
  /** May both request and approve, with both verbs on oncall. */
  readonly dave: Api;
  /** May write grants and approvals, and has neither verb. */
  readonly carol: Api;
  readonly controller: Api;
  readonly namespaceController: Api;
  readonly garbageCollector: Api;
  /** NMI on node n1, with a role that lets it write assigned identities and nodes. */
  readonly nmi: Api;
  /** A grant of alice's, in force for the policies: the API server's cache has it. */
  readonly byAlice: StoredGrant;
  readonly byDave: StoredGrant;
}

const rbac = "/apis/rbac.authorization.k8s.io/v1";

export async function introduce(plane: ControlPlane): Promise<People> {
  const admin = plane.api();
  const bind = async (user: string, role: string): Promise<void> => {
    await succeed(
      admin.post(`${rbac}/namespaces/${namespace}/rolebindings`, {
        metadata: { name: `${user}-${role}` },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
      }),
    );
  };
  const may = (user: string, verbs: readonly string[], ...resourceNames: readonly string[]): Promise<void> =>
    grantUser(
      admin,
      user,
      [{ apiGroups: [group], resources: ["azureidentitybindings"], resourceNames, verbs }],
      namespace,
    );
  await Promise.all([
    bind("alice", "podid-requester"),
    may("alice", ["activate"], "oncall"),
    bind("bob", "podid-approver"),
    may("bob", ["approve"], "oncall", "ledger"),
    ...["dave", "carol"].flatMap((user) => [bind(user, "podid-requester"), bind(user, "podid-approver")]),
    may("dave", ["activate", "approve"], "oncall"),
  ]);
  const [alice, bob, dave, carol] = ["alice", "bob", "dave", "carol"].map((user) => plane.api({ user }));
  if (!alice || !bob || !dave || !carol) throw new Error("somebody is missing");
  const controlPlaneUser = (name: string): Api =>
    plane.api({ user: `system:serviceaccount:kube-system:${name}`, groups: ["system:masters"] });
  return {
    alice,
    bob,
    dave,
    carol,
    controller: plane.api({ user: "system:serviceaccount:podid-system:podid-controller" }),
    namespaceController: controlPlaneUser("namespace-controller"),
    garbageCollector: controlPlaneUser("generic-garbage-collector"),
    nmi: plane.api({ token: await nmiToken(admin) }),
    byAlice: await ask(alice, bob, "alice"),
    byDave: await ask(dave, bob, "dave"),
  };
}

/** Stores a grant of `requester`, and waits until the policies have it. */
async function ask(api: Api, approver: Api, requester: string): Promise<StoredGrant> {
  const name = `by-${requester}`;
  const stored = await waitFor(async () => {
    const { status, body } = await create(api, "AzureIdentityAccessGrant", name, { ...request, requester });
    return status === 201 && body;
  }, `${requester}'s rights`);
  const wrongUid = { ...vote, approver: "bob", grantName: name };
  await waitFor(
    async () =>
      String(
        at((await create(approver, "AzureIdentityAccessApproval", "probe", wrongUid)).body, "message"),
      ).includes("spec.grantUID"),
    `grant ${name} among the policies' parameters`,
  );
  return { name, uid: textAt(stored, "metadata", "uid") };
}

/** A token of NMI's service account, bound to its pod on node n1. */
async function nmiToken(admin: Api): Promise<string> {
  await grantUser(admin, "system:serviceaccount:podid-system:podid-nmi", [
    { apiGroups: [group], resources: ["azureassignedidentities"], verbs: ["*"] },
    { apiGroups: [""], resources: ["nodes"], verbs: ["get", "patch"] },
  ]);
  for (const name of ["n1", "n2"]) {
    const taints = [
      { key: "podid.dev/agent-not-ready", effect: "NoSchedule" },
      { key: "example.org/gpu", effect: "NoSchedule" },
    ];
    await succeed(admin.post("/api/v1/nodes", { metadata: { name }, spec: { taints } }));
  }
  const { name, uid } = await createFakeKubelet(admin).startPod({
    namespace: "podid-system",
    name: "podid-nmi-x",
    node: "n1",
    serviceAccount: "podid-nmi",
  });
  return requestToken(admin, { namespace: "podid-system", serviceAccount: "podid-nmi", pod: { name, uid } });
}

/** A namespace of its own that is being deleted, with a grant and an approval, both named `last`. */
export async function endNamespace(plane: ControlPlane, name: string): Promise<void> {
  const admin = plane.api();
  await succeed(admin.post("/api/v1/namespaces", { metadata: { name } }));
  const asked = objectOf("AzureIdentityAccessGrant", "last", { ...request, requester: "erin" });
  const erin = plane.api({ user: "erin", groups: ["system:masters"] });
  const grant = await succeed(erin.post(pathOf("AzureIdentityAccessGrant", undefined, name), asked));
  const given = { ...vote, grantName: "last", grantUID: textAt(grant, "metadata", "uid") };
  const approval = objectOf("AzureIdentityAccessApproval", "last", given);
  const approve = (): Promise<Answer> =>
    admin.post(pathOf("AzureIdentityAccessApproval", undefined, name), approval);
  await waitFor(async () => (await approve()).status === 201, "the grant among the policies' parameters");
  await succeed(admin.delete(`/api/v1/namespaces/${name}`));
}
