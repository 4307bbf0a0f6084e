import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { at, type Answer, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { approvalChanges, approvalRows, type ChangeRow, grantChanges, grantRows } from "./access-rows.ts";
import { assertStatus, create, pathOf, request, tryOut, usePodid } from "./cluster.ts";
import { schemaRules } from "./crd-rules.ts";
import type { Row } from "./rows.ts";
import { selectionRows } from "./selection-rows.ts";
import { timeBoxRows } from "./time-box-rows.ts";

type Rule = Pick<Row, "kind" | "at" | "rule">;
const keyOf = ({ kind, at: place, rule }: { kind: string; at: string; rule: string }): string =>
  `${kind} ${place}: ${rule}`;

/** Where a cause points to, without positions in lists and keys of maps. */
const placeOf = (field: string, row: Rule): string => {
  const place = field.replaceAll(/\[\d+\]/g, "[]");
  return row.at.endsWith("{}") ? place.replace(/\.[^.]+$/, "{}") : place;
};

function assertRefused(answer: Answer, row: Rule): void {
  assertStatus(answer, 422);
  const rule = schemaRules.find((one) => keyOf(one) === keyOf(row));
  assert.ok(rule, `deploy/crds has no rule ${keyOf(row)}`);
  const causes = listAt(answer.body, "details", "causes").map((cause) => ({
    place: placeOf(textAt(cause, "field"), row),
    message: textAt(cause, "message"),
  }));
  const said = row.rule === "pattern" ? "should match '" : row.rule;
  assert.ok(
    causes.some(({ place, message }) => place === rule.reportedAt && message.includes(said)),
    `${rule.reportedAt} ${said}\n${JSON.stringify(causes, undefined, 2)}`,
  );
}

describe("the API server, by the schemas of podid,", () => {
  const plane = usePodid();
  // Approvals need a grant of another; its uid is known when it is stored.
  const theGrant = { name: "restore", uid: "" };
  const approvals = approvalRows("restore", "GRANT-UID");
  const changes = [...grantChanges, ...approvalChanges("restore", "GRANT-UID")];
  const withUid = (spec: object): object =>
    at(spec, "grantUID") === "GRANT-UID" ? { ...spec, grantUID: theGrant.uid } : spec;

  before(async () => {
    const requester = plane().api({ user: "alice", groups: ["system:masters"] });
    theGrant.uid = textAt(
      await succeed(create(requester, "AzureIdentityAccessGrant", "restore", request)),
      "metadata",
      "uid",
    );
    await waitFor(
      async () =>
        (await tryOut(plane().api(), "AzureIdentityAccessApproval", withUid(approvals[0]?.accepted ?? {})))
          .status === 201,
      "the grant among the policy's parameters",
    );
  });

  const rows = [...timeBoxRows, ...selectionRows, ...grantRows, ...approvals];
  for (const row of rows) {
    it(`accepts and refuses: ${keyOf(row)}`, async () => {
      assertStatus(await tryOut(plane().api(), row.kind, withUid(row.accepted)), 201);
      assertRefused(await tryOut(plane().api(), row.kind, withUid(row.refused)), row);
    });
  }

  for (const [position, row] of changes.entries()) {
    it(`accepts and refuses as a change: ${keyOf(row)}`, async () => {
      const path = await store(row, `change-${position}`);
      assertRefused(await plane().api().patch(path, { spec: row.refused }), row);
      assertStatus(await plane().api().patch(path, { spec: row.accepted }), 200);
    });
  }

  async function store(row: ChangeRow, name: string): Promise<string> {
    await succeed(create(plane().api(), row.kind, name, withUid(row.stored)));
    return pathOf(row.kind, name);
  }

  it("has a refused object for every rule and pattern", () => {
    const refused = new Set([...rows, ...changes].map(keyOf));
    assert.deepEqual(
      schemaRules.map(keyOf).filter((key) => !refused.has(key)),
      [],
    );
    assert.ok(schemaRules.length > 90, String(schemaRules.length));
  });

  it("fills in openWhen, and refuses {} all the same", async () => {
    const api = plane().api();
    const stored = await tryOut(api, "AzureIdentityBinding", { timeBox: { suspend: true } });
    assert.equal(at(stored.body, "spec", "timeBox", "openWhen"), "Always");
    assertStatus(await tryOut(api, "AzureIdentityBinding", { timeBox: {} }), 422);
  });
});
