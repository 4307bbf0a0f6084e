import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { needsInventory } from "../../../src/controller/plan.ts";
import { makeAssigned } from "./objects.ts";
import { reader, secret, toInput, want, web0, web1, type Situation } from "./situations.ts";

describe("needsInventory", () => {
  const rows: Readonly<Record<string, Situation & { readonly answer: boolean }>> = {
    "for an identity that no object answers for": { wanted: [want(web0)], answer: true },
    "not for one that another pod has": {
      wanted: [want(web0), want(web1)],
      current: [makeAssigned(web0, reader)],
      answer: false,
    },
    "for one whose only object has let it go": {
      wanted: [want(web0), want(web1)],
      current: [makeAssigned(web0, reader, { status: { status: "Unassigned" } })],
      answer: true,
    },
    "not for one that needs no VM": { wanted: [want(web0, secret)], answer: false },
    "not when nothing is to be made": {
      wanted: [want(web0)],
      current: [makeAssigned(web0, reader)],
      answer: false,
    },
  };
  for (const [name, { answer, ...situation }] of Object.entries(rows)) {
    it(name, () => assert.equal(needsInventory(toInput(situation)), answer));
  }
});
