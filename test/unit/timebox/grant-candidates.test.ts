import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { candidateInstants, type TimeFacts } from "../../../src/timebox/candidates.ts";
import { formatInstant } from "../../../src/timebox/instant.ts";
import { instantOf } from "./reference-window.ts";

type Box = TimeFacts["boxes"][number]["timeBox"];
type Grant = TimeFacts["boxes"][number]["grants"][number];

const grant: Grant = {
  created: instantOf("2026-06-14T10:00:00Z"),
  notBefore: null,
  for: "15m",
  approved: [],
};
const jit = { maxDuration: "1h", approvals: 1 };

/** The candidates after 10:00, the second in which `grant` was made. */
function candidatesOf(jitOfBox: Box, grants: readonly Grant[]): readonly string[] {
  const timeBox = { openWhen: "Grant", jit: jitOfBox };
  const facts = { boxes: [{ timeBox, bindingCreated: null, grants }], podStart: null };
  return candidateInstants(facts, instantOf("2026-06-14T09:59:59Z"), 8 * 86_400).map(formatInstant);
}

describe("candidateInstants names for grants", () => {
  it("the creation, the end that would follow, and the first second after the deadline", () => {
    assert.deepEqual(candidatesOf(jit, [grant]), [
      "2026-06-14T10:00:00Z",
      "2026-06-14T10:15:00Z",
      "2026-06-15T10:00:01Z",
    ]);
  });

  it("notBefore and each approval, with the end that would follow, which maxDuration bounds", () => {
    const approved = [instantOf("2026-06-14T10:05:00Z"), instantOf("2026-06-14T10:12:00Z")];
    const long = { ...grant, for: "8h", notBefore: instantOf("2026-06-14T11:00:00Z"), approved };
    assert.deepEqual(candidatesOf({ ...jit, maxDuration: "20m", approvalTimeout: "2h" }, [long]), [
      "2026-06-14T10:00:00Z",
      "2026-06-14T10:05:00Z",
      "2026-06-14T10:12:00Z",
      "2026-06-14T10:20:00Z",
      "2026-06-14T10:25:00Z",
      "2026-06-14T10:32:00Z",
      "2026-06-14T11:00:00Z",
      "2026-06-14T11:20:00Z",
      "2026-06-14T12:00:01Z",
    ]);
  });

  it("the instants of two grants once, in order", () => {
    const second = { ...grant, created: instantOf("2026-06-14T10:15:00Z") };
    assert.deepEqual(candidatesOf(jit, [second, grant]), [
      "2026-06-14T10:00:00Z",
      "2026-06-14T10:15:00Z",
      "2026-06-14T10:30:00Z",
      "2026-06-15T10:00:01Z",
      "2026-06-15T10:15:01Z",
    ]);
  });

  const malformed: readonly { readonly name: string; readonly jit: Box; readonly grant: Grant }[] = [
    { name: "a box without jit", jit: null, grant },
    { name: "a box without maxDuration", jit: { approvals: 0 }, grant },
    { name: "a malformed approvalTimeout", jit: { ...jit, approvalTimeout: 24 }, grant },
    { name: "a grant of unknown age", jit, grant: { ...grant, created: null } },
    { name: "a malformed length", jit, grant: { ...grant, for: "3 weeks" } },
    { name: "an empty length", jit, grant: { ...grant, for: "" } },
  ];
  for (const row of malformed) {
    it(`nothing for ${row.name}`, () => {
      assert.deepEqual(candidatesOf(row.jit, [row.grant]), []);
    });
  }
});
