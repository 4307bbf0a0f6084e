import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { approval, binding, grant, pod, readFolder, reading } from "./manifest-fixtures.ts";

const without = (text: string, line: RegExp): string => text.replace(line, "");

describe("manifests of just-in-time access", () => {
  it("are served with what a vote is counted by", async (t) => {
    const { resources, lines } = await readFolder(t, {
      "a.yaml": `${grant("g", '  notBefore: "2026-05-01T11:00:00Z"\n  podName: web-0\n')}---\n${approval("a", "g")}`,
    });
    assert.deepEqual(lines, []);
    const served = resources.AzureIdentityAccessGrant.get("shop/g");
    assert.equal(served?.uid, "g-uid");
    assert.equal(served.creationTimestamp, "2026-05-01T10:00:00Z");
    assert.deepEqual(served.spec, {
      bindingName: "oncall",
      requester: "alice",
      justification: "restore the ledger",
      ticket: "",
      for: "15m",
      notBefore: "2026-05-01T11:00:00Z",
      podName: "web-0",
      revoked: false,
      revokedBy: "",
      revokeReason: "",
    });
    const vote = resources.AzureIdentityAccessApproval.get("shop/a");
    assert.equal(vote?.creationTimestamp, "2026-05-01T10:05:00Z");
    assert.deepEqual(vote.spec, {
      grantName: "g",
      grantUID: "g-uid",
      bindingName: "oncall",
      approver: "bob",
      decision: "Approve",
      comment: "",
    });
  });

  it("are shown to the judge", async (t) => {
    const asked: string[] = [];
    const { lines } = await readFolder(
      t,
      { "a.yaml": `${grant("g")}---\n${approval("a", "g")}---\n${pod("web")}` },
      reading((kind) => {
        asked.push(kind);
        return kind === "AzureIdentityAccessGrant" ? [{ field: "spec.for", message: "too long" }] : [];
      }),
    );
    assert.deepEqual(asked, ["AzureIdentityAccessGrant", "AzureIdentityAccessApproval"]);
    assert.deepEqual(lines, ["a.yaml:12: spec.for: too long"]);
  });

  // Served all the same: the policy takes none of these for an opening.
  const harmless: readonly { name: string; text: string; lines: readonly string[] }[] = [
    {
      name: "a grant that nobody stamped",
      text: without(grant("g"), /  creationTimestamp.*\n/),
      lines: [
        "m.yaml:3: metadata.creationTimestamp: missing: set it to an instant such as 2026-01-01T00:00:00Z; without it the grant can never be active",
      ],
    },
    {
      name: "a grant with an empty stamp",
      text: grant("g").replace(/(creationTimestamp:).*/, "$1"),
      lines: [
        "m.yaml:7: metadata.creationTimestamp: missing: set it to an instant such as 2026-01-01T00:00:00Z; without it the grant can never be active",
      ],
    },
    {
      name: "an approval that nobody stamped",
      text: `${grant("g")}---\n${without(approval("a", "g"), /  creationTimestamp.*\n/)}`,
      lines: [
        "m.yaml:16: metadata.creationTimestamp: missing: set it to an instant such as 2026-01-01T00:00:00Z; without it the approval does not count",
      ],
    },
    {
      name: "an approval of no grant",
      text: approval("a", "g"),
      lines: [
        "m.yaml:8: spec.grantName: there is no AzureIdentityAccessGrant shop/g here, so the approval does not count",
      ],
    },
    {
      name: "an approval of a grant in another namespace",
      text: `${approval("a", "g")}---\n${grant("g").replace("shop", "ops")}`,
      lines: [
        "m.yaml:8: spec.grantName: there is no AzureIdentityAccessGrant shop/g here, so the approval does not count",
      ],
    },
    {
      name: "an approval of a grant without uid",
      text: `${approval("a", "g")}---\n${without(grant("g"), /  uid.*\n/)}`,
      lines: [
        "m.yaml:9: spec.grantUID: matches no grant: AzureIdentityAccessGrant shop/g gives no uid; write metadata.uid: g-uid there, if that one is meant",
      ],
    },
    {
      name: "an approval of an earlier grant of that name",
      text: `${grant("g").replace("g-uid", "later")}---\n${approval("a", "g")}`,
      lines: [
        "m.yaml:22: spec.grantUID: matches no grant: AzureIdentityAccessGrant shop/g has uid later; write that, if that one is meant",
      ],
    },
    {
      name: "an approval for another binding",
      text: `${grant("g")}---\n${approval("a", "g").replace("oncall", "ledger")}`,
      lines: ["m.yaml:23: spec.bindingName: must be oncall, as in AzureIdentityAccessGrant shop/g"],
    },
  ];
  for (const { name, text, lines } of harmless) {
    it(`get a line and are served: ${name}`, async (t) => {
      const { lines: found, keys } = await readFolder(t, { "m.yaml": text });
      assert.deepEqual(found, lines);
      assert.equal(keys.length, text.split("---\n").length);
    });
  }

  it("give one line for the grant that is broken and one for each approval of it", async (t) => {
    const { lines, keys } = await readFolder(t, {
      "a.yaml": grant("g").replace("15m", "soon"),
      "b.yaml": approval("a", "g"),
    });
    assert.deepEqual(lines, [
      'a.yaml:12: spec.for: "soon" does not fit: a duration in hours, minutes and seconds, in this order, such as 90m, 1h30m or 45m30s; from 1m to 8784h',
      "b.yaml:8: spec.grantName: there is no AzureIdentityAccessGrant shop/g here, so the approval does not count",
    ]);
    assert.deepEqual(keys, ["AzureIdentityAccessApproval shop/a"]);
  });

  it("lack no creationTimestamp where they deny", async (t) => {
    const deny = without(approval("a", "g"), /  creationTimestamp.*\n/).replace("Approve\n", "Deny\n");
    const { lines } = await readFolder(t, { "m.yaml": `${grant("g")}---\n${deny}` });
    assert.deepEqual(lines, []);
  });

  // Without these a grant that somebody denied would live again.
  const deny = approval("no", "g").replace("Approve\n", "Deny\n");
  const lost: readonly { name: string; text: string; lines: number }[] = [
    { name: "a Deny with an unknown field", text: `${deny}  reason: x\n`, lines: 1 },
    { name: "a Deny in lower case", text: deny.replace("Deny\n", "deny\n"), lines: 1 },
    { name: "a Deny of a misspelt kind", text: deny.replace("Approval", "Aproval"), lines: 1 },
    { name: "a Deny without a name", text: without(deny, /  name: no\n/), lines: 1 },
    { name: "a Deny that is written twice", text: `${deny}---\n${deny}`, lines: 2 },
    { name: "a Deny in broken YAML", text: `${deny}  comment: "x\n`, lines: 1 },
  ];
  for (const { name, text, lines: own } of lost) {
    it(`withhold all grants while a decision may be missing: ${name}`, async (t) => {
      const { lines, keys } = await readFolder(t, {
        "a.yaml": grant("g"),
        "b.yaml": approval("yes", "g"),
        "c.yaml": text,
      });
      assert.equal(
        lines[0],
        "a.yaml:4: metadata.name: not served: a Deny may be among what is not understood in this folder; correct the other problems first",
      );
      assert.equal(lines.length, 1 + own, lines.join("\n"));
      assert.deepEqual(keys, ["AzureIdentityAccessApproval shop/yes"]);
    });
  }

  it("stay in force beside a broken object that is no decision", async (t) => {
    const { keys } = await readFolder(t, { "a.yaml": grant("g"), "b.yaml": binding("b", "  colour: red\n") });
    assert.deepEqual(keys, ["AzureIdentityAccessGrant shop/g"]);
  });

  const refused: readonly { name: string; text: string; line: string }[] = [
    {
      name: "a grant without requester",
      text: without(grant("g"), /  requester.*\n/),
      line: "m.yaml:8: spec.requester: missing: it is required here",
    },
    {
      name: "podName with nothing behind it would mean every pod",
      text: grant("g", "  podName:\n"),
      line: "m.yaml:13: spec.podName: must be text, is empty: give it a value, or remove the line",
    },
    {
      name: "revoked with nothing behind it would mean that it lives",
      text: grant("g", "  revoked:\n"),
      line: "m.yaml:13: spec.revoked: must be boolean, is empty: give it a value, or remove the line",
    },
    {
      name: "a misspelt revoked would mean the same",
      text: grant("g", "  revoke: true\n"),
      line: "m.yaml:13: spec.revoke: unknown field: write revoked",
    },
    {
      name: "revoked as text",
      text: grant("g", '  revoked: "yes"\n'),
      line: 'm.yaml:13: spec.revoked: must be boolean, is text "yes": write true',
    },
    {
      name: "a short justification",
      text: grant("g").replace("restore the ledger", "because"),
      line: 'm.yaml:11: spec.justification: "because" does not fit: why access is needed, in 10 to 1024 characters',
    },
    {
      name: "a justification that tells everything",
      text: grant("g").replace("restore the ledger", "x".repeat(1025)),
      line: `m.yaml:11: spec.justification: "${"x".repeat(64)}…" does not fit: why access is needed, in 10 to 1024 characters`,
    },
    {
      name: "no spec",
      text: without(grant("g"), /spec:\n[^]*/),
      line: "m.yaml:1: spec: missing: it is required here",
    },
    {
      name: "a decision in lower case",
      text: approval("a", "g").replace("Approve\n", "approve\n"),
      line: 'm.yaml:12: spec.decision: must be one of Approve, Deny, is "approve": write Approve',
    },
    {
      name: "no decision",
      text: approval("a", "g").replace("Approve\n", "\n"),
      line: "m.yaml:12: spec.decision: must be text, is empty: give it a value, or remove the line",
    },
    {
      name: "a stamp that is none",
      text: grant("g").replace("2026-05-01T10:00:00Z", "yesterday"),
      line: "m.yaml:7: metadata.creationTimestamp: must be an instant such as 2026-01-01T00:00:00Z",
    },
  ];
  for (const { name, text, line } of refused) {
    it(`are refused in one clear line: ${name}`, async (t) => {
      const { lines, keys } = await readFolder(t, { "m.yaml": text, "rest.yaml": binding("rest") });
      assert.deepEqual(lines, [line]);
      assert.deepEqual(keys, ["AzureIdentityBinding shop/rest"]);
    });
  }
});
