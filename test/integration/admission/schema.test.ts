import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { at, type Answer, type Api, listAt, succeed, textAt } from "../../control-plane/api.ts";
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
    causes.some(({ place, message }) => place === rule.reportedAt && says(message, said)),
    `${rule.reportedAt} ${said}\n${JSON.stringify(causes, undefined, 2)}`,
  );
}

/** A rule that errs, as that of an unknown zone has to, puts the error before its own message. */
const says = (message: string, said: string): boolean =>
  message.includes(said) && (said === "unknown time zone" || !message.includes("evaluating rule"));

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

  it("knows which days there are, in every year and in common and leap years", async () => {
    const days = ["", "2000-", "2026-", "2028-"].flatMap((year) => daysOf(year));
    const real = days.filter(({ exists }) => exists).map(({ date }) => date);
    for (let i = 0; i < real.length; i += 64)
      assertStatus(await written(plane().api(), real.slice(i, i + 64)), 201);
    for (const { date } of days.filter(({ exists }) => !exists)) {
      const twin = date.length === 5 ? "12-31" : "2029-12-31";
      for (const entry of [date, `${date}..${twin}`])
        assertStatus(await written(plane().api(), [entry]), 422);
    }
    assertStatus(await written(plane().api(), ["2024-01-01..2027-02-29"]), 422);
    assertStatus(await written(plane().api(), ["2024-02-29..2028-02-29", "12-24..02-29"]), 201);
  });
});

const written = (api: Api, dates: readonly string[]): Promise<Answer> =>
  tryOut(api, "AzureIdentityBinding", {
    timeBox: { openWhen: "Schedule", timeZone: "UTC", windows: [{ dates }] },
  });

/** All of 01-01 to 12-31, with 31 days to every month; without a year a day exists when a leap year has it. */
function daysOf(year: string): readonly { date: string; exists: boolean }[] {
  const numbers = Array.from({ length: 12 * 31 }, (_, index) => [
    Math.floor(index / 31) + 1,
    (index % 31) + 1,
  ]);
  return numbers.map(([month = 0, day = 0]) => {
    const text = [month, day].map((number) => String(number).padStart(2, "0")).join("-");
    const { daysInMonth } = Temporal.PlainYearMonth.from({ year: Number(year.slice(0, 4) || 2024), month });
    return { date: `${year}${text}`, exists: day <= daysInMonth };
  });
}
