import type { Answer, Api } from "../../control-plane/api.ts";
import { objectOf, pathOf, request, tryOut, vote } from "./cluster.ts";
import type { People, StoredGrant } from "./people.ts";

type Ask = (people: People) => Promise<Answer>;

/** A validation of deploy/admission, with a request that it lets through and one that it refuses. */
export interface PolicyRow {
  readonly name: string;
  readonly policy: string;
  /** Its place among the policy's validations. */
  readonly index: number;
  readonly accepted: Ask;
  readonly refused: Ask;
  readonly says: string;
}

const ask = (api: Api, spec: object): Promise<Answer> =>
  tryOut(api, "AzureIdentityAccessGrant", { ...request, ...spec });

const decide = (api: Api, approver: string, { name, uid }: StoredGrant, more: object = {}): Promise<Answer> =>
  tryOut(api, "AzureIdentityAccessApproval", {
    ...vote,
    grantName: name,
    grantUID: uid,
    approver,
    ...more,
  });

const change = (api: Api, { name }: StoredGrant, spec: object): Promise<Answer> =>
  api.patch(`${pathOf("AzureIdentityAccessGrant", name)}?dryRun=All`, { spec });

const assign = (api: Api, nodename: string): Promise<Answer> =>
  api.post(
    `${pathOf("AzureAssignedIdentity")}?dryRun=All`,
    objectOf("AzureAssignedIdentity", "web-0-shop-reader", { nodename }),
  );

const changeNode = (api: Api, name: string, patch: object): Promise<Answer> =>
  api.patch(`/api/v1/nodes/${name}?dryRun=All`, patch);

const gpu = { key: "example.org/gpu", effect: "NoSchedule" };
/** Given by the API server itself to every new node. */
const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
const nothingElse =
  "NMI may take the taint podid.dev/agent-not-ready off its node, and change nothing else there";

const requests: readonly PolicyRow[] = [
  {
    name: "nobody asks in the name of another",
    policy: "podid-grant-request",
    index: 0,
    accepted: ({ alice }) => ask(alice, { requester: "alice" }),
    refused: ({ alice }) => ask(alice, { requester: "bob" }),
    says: "spec.requester must be alice: nobody can ask in the name of another",
  },
  {
    name: "nobody activates without the verb",
    policy: "podid-grant-request",
    index: 1,
    accepted: ({ dave }) => ask(dave, { requester: "dave" }),
    refused: ({ carol }) => ask(carol, { requester: "carol" }),
    says: "carol may not activate binding shop/oncall: that needs the verb activate on azureidentitybindings/oncall",
  },
  {
    name: "the verb is for the binding that it names",
    policy: "podid-grant-request",
    index: 1,
    accepted: ({ alice }) => ask(alice, { requester: "alice" }),
    refused: ({ alice }) => ask(alice, { requester: "alice", bindingName: "ledger" }),
    says: "alice may not activate binding shop/ledger: that needs the verb activate on azureidentitybindings/ledger",
  },
];

const revocations: readonly PolicyRow[] = [
  {
    name: "nobody revokes in the name of another",
    policy: "podid-grant-revocation",
    index: 0,
    accepted: ({ bob, byAlice }) => change(bob, byAlice, { revoked: true, revokedBy: "bob" }),
    refused: ({ bob, byAlice }) => change(bob, byAlice, { revoked: true, revokedBy: "alice" }),
    says: "to revoke, set spec.revokedBy to bob",
  },
  {
    name: "nobody revokes without a name",
    policy: "podid-grant-revocation",
    index: 0,
    accepted: ({ alice, byAlice }) => change(alice, byAlice, { revoked: true, revokedBy: "alice" }),
    refused: ({ alice, byAlice }) => change(alice, byAlice, { revoked: true }),
    says: "to revoke, set spec.revokedBy to alice",
  },
  {
    name: "a grant that is born revoked names its requester",
    policy: "podid-grant-revocation",
    index: 0,
    accepted: ({ alice }) => ask(alice, { revoked: true, revokedBy: "alice" }),
    refused: ({ alice }) => ask(alice, { revoked: true, revokedBy: "bob" }),
    says: "to revoke, set spec.revokedBy to alice",
  },
  {
    name: "nobody is written as revoker of a grant that is not revoked",
    policy: "podid-grant-revocation",
    index: 1,
    accepted: ({ bob, byAlice }) => change(bob, byAlice, { revokeReason: "soon" }),
    refused: ({ bob, byAlice }) => change(bob, byAlice, { revokedBy: "alice" }),
    says: "spec.revokedBy says who revoked the grant: set it together with spec.revoked",
  },
];

const approvals: readonly PolicyRow[] = [
  {
    name: "nobody decides in the name of another",
    policy: "podid-approval",
    index: 0,
    accepted: ({ bob, byAlice }) => decide(bob, "bob", byAlice),
    refused: ({ bob, byAlice }) => decide(bob, "dave", byAlice),
    says: "spec.approver must be bob: nobody can decide in the name of another",
  },
  {
    name: "nobody decides without the verb approve",
    policy: "podid-approval",
    index: 1,
    accepted: ({ dave, byAlice }) => decide(dave, "dave", byAlice),
    refused: ({ carol, byAlice }) => decide(carol, "carol", byAlice),
    says: "carol may not approve grants of binding shop/oncall: that needs the verb approve on azureidentitybindings/oncall",
  },
  {
    name: "an approval carries the grant's own uid",
    policy: "podid-approval-of-grant",
    index: 0,
    accepted: ({ bob, byAlice }) => decide(bob, "bob", byAlice),
    refused: ({ bob, byAlice }) => decide(bob, "bob", byAlice, { grantUID: "of-an-older-one" }),
    says: "spec.grantUID is not the metadata.uid of grant by-alice, which is ",
  },
  {
    name: "an approval names the grant's binding, so that no other's verb is enough",
    policy: "podid-approval-of-grant",
    index: 1,
    accepted: ({ bob, byAlice }) => decide(bob, "bob", byAlice),
    refused: ({ bob, byAlice }) => decide(bob, "bob", byAlice, { bindingName: "ledger" }),
    says: "spec.bindingName is not the binding of grant by-alice, which is oncall",
  },
  {
    name: "a requester cannot approve, whatever verbs they have",
    policy: "podid-approval-of-grant",
    index: 2,
    accepted: ({ dave, byAlice }) => decide(dave, "dave", byAlice),
    refused: ({ dave, byDave }) => decide(dave, "dave", byDave),
    says: "dave requested grant by-dave: another has to approve it",
  },
  {
    name: "a requester may deny their own grant",
    policy: "podid-approval-of-grant",
    index: 2,
    accepted: ({ dave, byDave }) => decide(dave, "dave", byDave, { decision: "Deny" }),
    refused: ({ dave, byDave }) => decide(dave, "dave", byDave, { decision: "Approve" }),
    says: "dave requested grant by-dave: another has to approve it",
  },
  {
    name: "an approval names the grant that its uid is of",
    policy: "podid-approval-of-grant",
    index: 3,
    accepted: ({ bob, byAlice }) => decide(bob, "bob", byAlice),
    refused: ({ bob, byAlice }) => decide(bob, "bob", { ...byAlice, name: "by-alise" }),
    says: "spec.grantUID is that of grant by-alice, and spec.grantName is by-alise",
  },
  {
    name: "a Deny that names the wrong grant is not lost in silence",
    policy: "podid-approval-of-grant",
    index: 3,
    accepted: ({ dave, byDave }) => decide(dave, "dave", byDave, { decision: "Deny" }),
    refused: ({ dave, byDave }) => decide(dave, "dave", { ...byDave, name: "by-eve" }, { decision: "Deny" }),
    says: "spec.grantUID is that of grant by-dave, and spec.grantName is by-eve",
  },
];

const agents: readonly PolicyRow[] = [
  {
    name: "an agent writes for its own node alone",
    policy: "podid-agent-own-node",
    index: 0,
    accepted: ({ nmi }) => assign(nmi, "n1"),
    refused: ({ nmi }) => assign(nmi, "n2"),
    says: "NMI may write the assigned identities of its own node alone",
  },
  {
    name: "an agent takes the startup taint off its own node alone",
    policy: "podid-agent-own-taint",
    index: 0,
    accepted: ({ nmi }) => changeNode(nmi, "n1", { spec: { taints: [gpu, notReady] } }),
    refused: ({ nmi }) => changeNode(nmi, "n2", { spec: { taints: [gpu, notReady] } }),
    says: "NMI may change its own node alone",
  },
  {
    name: "an agent leaves every other taint",
    policy: "podid-agent-own-taint",
    index: 1,
    accepted: ({ nmi }) => changeNode(nmi, "n1", { spec: { taints: [gpu, notReady] } }),
    refused: ({ nmi }) => changeNode(nmi, "n1", { spec: { taints: [notReady] } }),
    says: nothingElse,
  },
  {
    name: "an agent changes nothing else of its node with the taint",
    policy: "podid-agent-own-taint",
    index: 1,
    accepted: ({ nmi }) => changeNode(nmi, "n1", { spec: { taints: [gpu, notReady] } }),
    refused: ({ nmi }) =>
      changeNode(nmi, "n1", { metadata: { labels: { pool: "secret" } }, spec: { taints: [gpu, notReady] } }),
    says: nothingElse,
  },
];

export const policyRows: readonly PolicyRow[] = [...requests, ...revocations, ...approvals, ...agents];
