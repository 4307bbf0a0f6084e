import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { renderAnswers, renderJournal, type Answer } from "../../../../src/cli/demo/report.ts";
import type { JournalEntry } from "../../../../src/emulator/journal.ts";

const atMs = Date.parse("2026-06-14T22:00:00Z");
const ask = { credential: "ManagedIdentityCredential", scope: "https://vault.azure.net/.default" } as const;
const given: Answer = {
  scene: { atMs, pod: "shop/web-0", asks: "no id", ask },
  result: { ok: true, clientID: "c" },
  served: { msg: "request served", pod: "shop/web-0", status: 200, reasons: [], toldExp: atMs / 1000 + 3600 },
  opensAt: null,
  identity: "shop/reader",
};
const refused: Answer = {
  ...given,
  result: { ok: false, message: "no" },
  served: { msg: "request served", pod: "shop/web-0", status: 403, reasons: ["OutsideSchedule", "Excluded"] },
  opensAt: "2026-06-15T22:00:00Z",
  identity: null,
};

describe("the demo's report", () => {
  const rows: readonly { name: string; answer: Answer; row: RegExp }[] = [
    { name: "a token, and its told end", answer: given, row: /200 shop\/reader +Mon 01:00:00$/ },
    {
      name: "a refusal, its reasons and the next opening",
      answer: refused,
      row: /403 refused +OutsideSchedule, Excluded +Tue 00:00:00$/,
    },
    {
      name: "a token of none of the folder's identities",
      answer: { ...given, identity: null },
      row: /200 the node's own identity/,
    },
    {
      name: "a request that never reached NMI",
      answer: { ...refused, served: undefined },
      row: /no id +- refused/,
    },
  ];
  for (const { name, answer, row } of rows) {
    it(`shows ${name}`, () => {
      const [, line = ""] = renderAnswers([answer]).split("\n");
      assert.match(line, /^Mon 00:00:00 +shop\/web-0 +no id/);
      assert.match(line, row);
    });
  }

  it("counts what ARM was asked to change, and nothing else", () => {
    const entry: JournalEntry = {
      sequence: 1,
      at: "2026-06-14T21:57:02Z",
      listener: "arm",
      method: "PATCH",
      target: "/t",
      status: 202,
      machineID: "/x/virtualMachines/node-0",
      added: ["/y/reader"],
      removed: [],
    };
    const text = renderJournal([
      entry,
      { ...entry, method: "GET" },
      { ...entry, listener: "entra", method: "POST" },
      { ...entry, at: "2026-06-14T23:00:00Z", added: [], removed: ["/y/reader", "/y/writer"] },
    ]);
    const [title, , on = "", off = "", ...rest] = text.split("\n");
    assert.equal(title, "ARM journal: 2 PATCH requests");
    assert.match(on, /^Sun 23:57:02 +202 +node-0 +reader$/);
    assert.match(off, /^Mon 01:00:00 +202 +node-0 +reader, writer$/);
    assert.deepEqual(rest, []);
  });
});
