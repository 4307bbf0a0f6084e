import { request, vote } from "./cluster.ts";
import { type Row, rowsFor } from "./rows.ts";

// Asked by admin, whom every verb is given; what admission asks of others is in access.test.ts.
const asked = { ...request, requester: "admin" };
const grant = (name: string, cases: Readonly<Record<string, readonly [string, string]>>): readonly Row[] =>
  rowsFor<string>(
    "AzureIdentityAccessGrant",
    `spec.${name}`,
    (value) => ({ ...asked, [name]: value }),
    cases,
  );

const dnsName = { pattern: ["web-0.shop", "Web"] } as const;

export const grantRows: readonly Row[] = [
  ...grant("bindingName", dnsName),
  ...grant("podName", dnsName),
  ...grant("requester", { pattern: ["admin", "ad\u001bmin"] }),
  ...grant("for", { pattern: ["1h30m", "1d"], "must be from 1m to 8784h": ["8784h", "30s"] }),
  ...grant("notBefore", {
    pattern: ["2027-01-01T00:00:00+01:00", "2027-01-01"],
    "this day does not exist": ["2027-02-28T00:00:00Z", "2027-02-29T00:00:00Z"],
  }),
  ...rowsFor<string>(
    "AzureIdentityAccessGrant",
    "spec.revokedBy",
    (revokedBy) => ({ ...asked, revoked: true, revokedBy }),
    { pattern: ["admin", "ad\nmin"] },
  ),
];

/** Approvals of a grant that bob asked for; an approval of another name or uid is refused by the policy alone. */
export const approvalRows = (grantName: string, grantUID: string): readonly Row[] => {
  const given = { ...vote, grantName, grantUID };
  const approval = (name: string, accepted: string, refused: string): readonly Row[] =>
    rowsFor<string>("AzureIdentityAccessApproval", `spec.${name}`, (value) => ({ ...given, [name]: value }), {
      pattern: [accepted, refused],
    });
  return [
    ...approval("grantName", grantName, "Restore"),
    ...approval("grantUID", grantUID, "a b"),
    ...approval("bindingName", given.bindingName, "shop/oncall"),
    ...approval("approver", "admin", "ad\tmin"),
  ];
};

/** What may and what may not become of an object that is stored: `change` is merged into its spec. */
export interface ChangeRow {
  readonly kind: "AzureIdentityAccessGrant" | "AzureIdentityAccessApproval";
  readonly at: string;
  readonly rule: string;
  readonly stored: object;
  readonly accepted: object;
  readonly refused: object;
}

const frozen = "cannot be changed: revoke this grant and create another";
const whole = { ...asked, ticket: "INC-7", notBefore: "2027-01-01T00:00:00Z", podName: "web-0" };
const revoked = { ...asked, revoked: true, revokedBy: "admin", revokeReason: "done" };
const revocation = { revoked: true, revokedBy: "admin" };
const change = (at: string, rule: string, stored: object, accepted: object, refused: object): ChangeRow => ({
  kind: "AzureIdentityAccessGrant",
  at,
  rule,
  stored,
  accepted,
  refused,
});

const others = {
  bindingName: "ledger",
  requester: "bob",
  justification: "something else altogether",
  ticket: "INC-8",
  for: "2h",
  notBefore: "2026-01-01T00:00:00Z",
  podName: "web-1",
};

export const grantChanges: readonly ChangeRow[] = [
  ...Object.entries(others).map(([name, value]) =>
    change(`spec.${name}`, frozen, whole, revocation, { [name]: value }),
  ),
  change(
    "spec",
    "ticket, notBefore and podName can neither be added nor removed: revoke this grant and create another",
    whole,
    revocation,
    { podName: null },
  ),
  change("spec", "a revoked grant stays revoked: create another", revoked, {}, { revoked: false }),
  change(
    "spec",
    "the grant is revoked, and who revoked it cannot be changed any more",
    revoked,
    { revokedBy: "admin" },
    { revokedBy: "bob" },
  ),
  change(
    "spec",
    "the grant is revoked, and the reason cannot be changed any more",
    revoked,
    { revokeReason: "done" },
    { revokeReason: null },
  ),
];

export const approvalChanges = (grantName: string, grantUID: string): readonly ChangeRow[] => [
  {
    kind: "AzureIdentityAccessApproval",
    at: "spec",
    rule: "an approval cannot be changed: create another; to take back an Approve, create a Deny or revoke the grant",
    stored: { ...vote, grantName, grantUID },
    accepted: {},
    refused: { decision: "Deny" },
  },
];
