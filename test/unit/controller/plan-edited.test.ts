import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { plan } from "../../../src/controller/plan.ts";
import { identityId, makeAssigned, makeIdentity } from "./objects.ts";
import { reader, tell, toInput, want, web0, web1, type Situation } from "./situations.ts";

const preAssigned = { annotations: { "podid.dev/pre-assigned": "true" } };
const object0 = "default/web-0-shop-reader";
const longName = "web-0-shop-reader-shop-shop-web-0-uid";
const moved = makeIdentity("reader", { spec: { resourceID: identityId("moved") } });
/** What is done where the old one stays on the machine. */
const addedAlone = [
  `create ${longName}`,
  "arm +[moved] -[]",
  `markAssigned default/${longName} moved`,
  `markUnassigned ${object0}`,
  `delete ${object0}`,
];

describe("plan, for an identity that became another resource", () => {
  const rows: Readonly<Record<string, Situation & { readonly actions: readonly string[] }>> = {
    "another resource id comes in the PATCH that takes the old one off": {
      wanted: [want(web0, moved)],
      current: [makeAssigned(web0, reader)],
      actions: [
        "create web-0-shop-reader-shop-shop-web-0-uid",
        "arm +[moved] -[reader]",
        `markAssigned ${object0}-shop-shop-web-0-uid moved`,
        `markUnassigned ${object0} reader`,
        `delete ${object0} reader`,
      ],
    },
    "another resource id comes while the old one stays for who needs it": {
      wanted: [
        want(web0, moved),
        want(web1, makeIdentity("twin", { spec: { resourceID: identityId("reader") } })),
      ],
      current: [
        makeAssigned(web0, reader),
        makeAssigned(web1, makeIdentity("twin", { spec: { resourceID: identityId("reader") } })),
      ],
      actions: addedAlone,
    },
    "another resource id comes while the old one was there before us": {
      wanted: [want(web0, moved)],
      current: [makeAssigned(web0, reader, preAssigned)],
      inventory: ["reader"],
      actions: addedAlone,
    },
    "an edit that was cut short is finished": {
      wanted: [want(web0, moved)],
      current: [
        makeAssigned(web0, reader),
        makeAssigned(web0, moved, { name: longName, status: { status: "Created" } }),
      ],
      actions: [
        "arm +[moved] -[reader]",
        `markAssigned default/${longName} moved`,
        `markUnassigned ${object0} reader`,
        `delete ${object0} reader`,
      ],
    },
    "a second edit waits while both names are held": {
      wanted: [want(web0, makeIdentity("reader", { spec: { resourceID: identityId("third") } }))],
      current: [makeAssigned(web0, reader), makeAssigned(web0, moved, { name: longName })],
      actions: [
        "arm +[] -[reader moved]",
        `markUnassigned ${object0} reader`,
        `delete ${object0} reader`,
        `markUnassigned default/${longName} moved`,
        `delete default/${longName} moved`,
      ],
    },
    "without ARM's inventory another resource id waits, and so does the old one": {
      wanted: [want(web0, moved)],
      current: [makeAssigned(web0, reader)],
      inventory: null,
      actions: [],
    },
  };
  for (const [name, { actions, ...situation }] of Object.entries(rows)) {
    it(name, () => assert.deepEqual(plan(toInput(situation)).actions.map(tell), actions));
  }
});
