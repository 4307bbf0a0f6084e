import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Explanation } from "../../../src/cli/explanation.ts";
import { renderExplanation } from "../../../src/cli/explanation-text.ts";

const closed: Explanation = {
  pod: "shop/web-0",
  at: "2026-06-14T21:59:59Z",
  policy: { revision: "1.2.3", digest: `sha256:${"0123456789abcdef".repeat(4)}` },
  exempt: false,
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

  it("says so when the pod is exempt", () => {
    assert.match(renderExplanation({ ...closed, exempt: true }), /^exempt {3}yes: the platform's metadata/m);
  });

  it("calls a policy without revision unnamed", () => {
    const policy = { ...closed.policy, revision: "" };
    assert.match(renderExplanation({ ...closed, policy }), /^policy {3}revision unnamed \(sha256:/m);
  });
});
