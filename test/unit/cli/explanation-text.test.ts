import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Explanation } from "../../../src/cli/explanation.ts";
import { renderExplanation } from "../../../src/cli/explanation-text.ts";

const closed: Explanation = {
  pod: "shop/web-0",
  at: "2026-06-14T21:59:59Z",
  policy: { revision: "1.2.3", digest: `sha256:${"0123456789abcdef".repeat(4)}` },
  exempt: false,
  policyFault: null,
  customRules: null,
  identities: [
    {
      identity: "shop/reader",
      binding: "shop/nightly",
      weight: 10,
      inForce: false,
      default: true,
      reasons: [{ code: "OutsideSchedule", params: {}, text: "no window is open" }],
      validUntil: null,
      nextTransition: "2026-06-14T22:00:00Z",
      nextState: "open",
      assignment: "none",
    },
  ],
  token: {
    status: 403,
    outcome: "denied",
    reasons: [{ code: "OutsideSchedule", params: {}, text: "no window is open" }],
  },
  fix: "wait",
};

describe("an explanation in words", () => {
  it("follows the chain from pod to token, and ends in what to do", () => {
    assert.equal(
      renderExplanation(closed),
      [
        "pod      shop/web-0",
        "at       2026-06-14T21:59:59Z",
        "policy   revision 1.2.3 (sha256:0123456789ab)",
        "",
        "IDENTITY     BINDING       WEIGHT  IN FORCE  DEFAULT  NEXT                       ASSIGNMENT  REASONS",
        "shop/reader  shop/nightly  10      no        yes      open 2026-06-14T22:00:00Z  none        OutsideSchedule",
        "",
        "token    403 denied",
        "         OutsideSchedule: no window is open",
        "fix      wait",
      ].join("\n"),
    );
  });

  it("has no fix where nothing is wrong, and no next where nothing changes", () => {
    const [entry = assert.fail()] = closed.identities;
    const open = { ...entry, inForce: true, reasons: [], nextTransition: null, nextState: null };
    const token = { status: 200, outcome: "allowed", reasons: [] } as const;
    const lines = renderExplanation({ ...closed, identities: [open], token, fix: null }).split("\n");
    assert.match(lines[5] ?? "", /^shop\/reader +shop\/nightly +10 +yes +yes +- +none$/);
    assert.equal(lines.at(-1), "token    200 allowed");
  });

  it("says so when no binding selects the pod", () => {
    assert.match(renderExplanation({ ...closed, identities: [] }), /^No binding selects this pod\.$/m);
  });

  it("does not say that no binding selects the pod when the policy gave no answer", () => {
    const token = {
      status: 403,
      outcome: "denied",
      reasons: [{ code: "PolicyError", params: {}, text: "the policy gave no usable answer" }],
    } as const;
    const policyFault = "podid/assign/decision took longer than 40 ms";
    const text = renderExplanation({ ...closed, identities: [], token, policyFault });
    assert.doesNotMatch(text, /No binding/);
    assert.match(text, /^The policy gave no usable answer: which bindings select this pod is not known\.$/m);
    assert.match(text, /^fault {4}podid\/assign\/decision took longer than 40 ms\nfix /m);
  });

  const asked = {
    unknown: "when is unknown, they are asked again every 60 s",
    recheckAfter: "they are asked again when they say, at 2026-06-14T21:30:00Z",
    declared: "they declare 2026-06-14T21:30:00Z, and are asked again then",
  } as const;
  for (const because of ["unknown", "recheckAfter", "declared"] as const) {
    it(`calls what comes next unknown where custom rules take part, and says when they are asked: ${because}`, () => {
      const [entry = assert.fail()] = closed.identities;
      const open = { ...entry, binding: "shop/open", nextTransition: null, nextState: null };
      const text = renderExplanation({
        ...closed,
        identities: [entry, open],
        customRules: { askAgainAt: "2026-06-14T21:30:00Z", because },
      });
      const line = `custom   rules take part, which may change the answer at any time; ${asked[because]}`;
      assert.ok(text.split("\n").includes(line), text);
      assert.match(text, /shop\/nightly .* open 2026-06-14T22:00:00Z or before /);
      assert.match(text, /shop\/open .* yes +unknown +none/);
    });
  }

  it("says so when the pod is exempt", () => {
    assert.match(renderExplanation({ ...closed, exempt: true }), /^exempt {3}yes: the platform's metadata/m);
  });

  it("calls a policy without revision unnamed", () => {
    const policy = { ...closed.policy, revision: "" };
    assert.match(renderExplanation({ ...closed, policy }), /^policy {3}revision unnamed \(sha256:/m);
  });
});
