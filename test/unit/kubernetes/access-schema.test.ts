import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { crds, fits, objectOf } from "./manifest-fixtures.ts";

describe("the schemas of grants and approvals", () => {
  const request = {
    bindingName: "oncall",
    requester: "alice",
    justification: "restore the ledger",
    for: "1h",
  };
  const vote = { grantName: "g", grantUID: "u", bindingName: "oncall", approver: "bob", decision: "Deny" };
  const forms: readonly {
    field: string;
    of: (value: unknown) => boolean;
    good: unknown[];
    bad: unknown[];
  }[] = [
    ...["requester", "revokedBy"].map((field) => ({
      field,
      of: (value: unknown) => fits("AzureIdentityAccessGrant", { ...request, [field]: value }),
      good: ["alice@example.com", "system:serviceaccount:shop:bot", "Jürgen Groß", "https://issuer#sub"],
      bad: ["", "a\nb", "\u001b[31mred", "x".repeat(1025), 7, null],
    })),
    ...["bindingName", "podName"].map((field) => ({
      field,
      of: (value: unknown) => fits("AzureIdentityAccessGrant", { ...request, [field]: value }),
      good: ["oncall", "web-0", "a.b"],
      bad: ["", "Web", "shop/oncall", "x".repeat(254), null],
    })),
    {
      field: "for",
      of: (value) => fits("AzureIdentityAccessGrant", { ...request, for: value }),
      good: ["90m", "1h30m", "45s"],
      bad: ["3 weeks", "1.5h", "1d", "", 600, null],
    },
    {
      field: "notBefore",
      of: (notBefore) => fits("AzureIdentityAccessGrant", { ...request, notBefore }),
      good: ["2026-05-01T12:00:00Z", "2026-05-01T12:00:00+02:00"],
      bad: ["2026-05-01", "tomorrow", "9999-05-01T12:00:00Z", "2026-05-01T12:00:00.5Z", null],
    },
    {
      field: "grantUID",
      of: (grantUID) => fits("AzureIdentityAccessApproval", { ...vote, grantUID }),
      good: ["0a1b2c3d-0000-4000-8000-0123456789ab", "u-1"],
      bad: ["", "-", "a b", null],
    },
    {
      field: "approver",
      of: (approver) => fits("AzureIdentityAccessApproval", { ...vote, approver }),
      good: ["bob"],
      bad: ["", "a\nb", null],
    },
    {
      field: "decision",
      of: (decision) => fits("AzureIdentityAccessApproval", { ...vote, decision }),
      good: ["Approve", "Deny"],
      bad: ["approve", "Yes", "", null],
    },
  ];
  for (const { field, of, good, bad } of forms) {
    it(`judge the form of ${field}`, () => {
      assert.deepEqual(
        good.filter((value) => !of(value)),
        [],
        "refused, but good",
      );
      assert.deepEqual(bad.filter(of), [], "accepted, but bad");
    });
  }

  it("take what the controller wrote into the status", () => {
    const status = { state: "Active", until: "2026-05-01T10:20:00Z", start: "2026-05-01T10:05:00Z" };
    const object = { ...objectOf("AzureIdentityAccessGrant", request), status };
    assert.deepEqual(crds.AzureIdentityAccessGrant.validate(object), []);
  });
});
