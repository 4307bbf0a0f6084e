import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { denial } from "../../../src/nmi/refusals.ts";
import { instantFromMs } from "../../../src/timebox/instant.ts";

const opensAt = instantFromMs(Date.parse("2026-06-21T22:00:00Z"));
const closedForGood = { inForce: false, nextTransition: null, nextState: null, validUntil: null } as const;

function refused(code: "OutsideSchedule" | "Suspended" | "PodTerminated", bindings: string[]) {
  return { allow: false, outcome: "denied", bindings, reasons: [{ code, params: {} }], probes: [] } as const;
}

describe("denial", () => {
  const rows = [
    {
      name: "a closed binding and its next opening",
      decision: refused("OutsideSchedule", ["shop/nightly"]),
      opening: { ...closedForGood, nextTransition: opensAt, nextState: "open" },
      expected: "binding shop/nightly not in force: OutsideSchedule; opens 2026-06-21T22:00:00Z",
    },
    {
      name: "all closed bindings of the identity",
      decision: refused("OutsideSchedule", ["shop/a", "shop/b"]),
      opening: { ...closedForGood, nextTransition: opensAt, nextState: "open" },
      expected: "bindings shop/a, shop/b not in force: OutsideSchedule; opens 2026-06-21T22:00:00Z",
    },
    {
      name: "a binding that will not open",
      decision: refused("Suspended", ["shop/nightly"]),
      opening: closedForGood,
      expected: "binding shop/nightly not in force: Suspended",
    },
    {
      name: "a cause other than time while the box is open",
      decision: refused("PodTerminated", ["shop/nightly"]),
      opening: { ...closedForGood, inForce: true },
      expected: "the pod has finished (PodTerminated)",
    },
    {
      name: "a refusal that concerns no binding",
      decision: refused("PodTerminated", []),
      opening: null,
      expected: "the pod has finished (PodTerminated)",
    },
  ] as const;
  for (const { name, decision, opening, expected } of rows) {
    it(`names ${name}`, () => {
      const { description, kind, reasons } = denial(
        { ...decision, bindings: [...decision.bindings], reasons: [...decision.reasons], probes: [] },
        opening,
      );
      assert.equal(kind, "denied");
      assert.equal(description, expected);
      assert.deepEqual(reasons, [decision.reasons[0].code]);
    });
  }
});
