import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { plan } from "../../../src/controller/plan.ts";
import { identityId, makeAssigned, makeBinding, makeIdentity, scaleSetId, vmId } from "./objects.ts";
import { reader, secret, tell, toInput, want, web0, web1, type Situation } from "./situations.ts";

const web0Again = { ...web0, uid: "second" };

const preAssigned = { annotations: { "podid.dev/pre-assigned": "true" } };
const object0 = "default/web-0-shop-reader";
const longName0 = "web-0-shop-reader-shop-shop-web-0-uid";
const nameOnVm0 = `${longName0}-2e2eea08`;
const onOther = { annotations: { "podid.dev/target": vmId("vm-9") } };
const object1 = "default/web-1-shop-reader";

describe("plan", () => {
  const rows: Readonly<Record<string, Situation & { readonly actions: readonly string[] }>> = {
    "nothing wanted, nothing there": { actions: [] },
    "a wish makes the object, then changes ARM, then says so": {
      wanted: [want(web0)],
      actions: ["create web-0-shop-reader", "arm +[reader] -[]", `markAssigned ${object0} reader`],
    },
    "of several wishes for one identity one object stands first, the others are written when ARM shows it": {
      wanted: [want(web0), want(web1)],
      actions: [
        "create web-0-shop-reader",
        "arm +[reader] -[]",
        `markAssigned ${object0} reader`,
        "createAssigned web-1-shop-reader reader",
      ],
    },
    "an object left in Created stands first for another pod too": {
      wanted: [want(web0), want(web1)],
      current: [makeAssigned(web0, reader, { status: { status: "Created" } })],
      actions: [
        "arm +[reader] -[]",
        `markAssigned ${object0} reader`,
        "createAssigned web-1-shop-reader reader",
      ],
    },
    "an identity that needs no VM skips ARM": {
      wanted: [want(web0, secret)],
      actions: ["createAssigned web-0-shop-secret"],
    },
    "a fulfilled wish is left alone": {
      wanted: [want(web0)],
      current: [makeAssigned(web0, reader)],
      actions: [],
    },
    "a changed time box is shown": {
      wanted: [{ ...want(web0), inForce: false }],
      current: [makeAssigned(web0, reader)],
      actions: [`show ${object0}`],
    },
    "an object left in Created is finished, not made again": {
      wanted: [want(web0)],
      current: [makeAssigned(web0, reader, { status: { status: "Created" } })],
      actions: ["arm +[reader] -[]", `markAssigned ${object0} reader`],
    },
    "an object without state, of an old aad-pod-identity, is finished": {
      wanted: [want(web0)],
      current: [makeAssigned(web0, reader, { status: { status: "" } })],
      actions: ["arm +[reader] -[]", `markAssigned ${object0} reader`],
    },
    "an unwanted object goes after ARM has removed its identity": {
      current: [makeAssigned(web0, reader)],
      actions: ["arm +[] -[reader]", `markUnassigned ${object0} reader`, `delete ${object0} reader`],
    },
    "an unwanted object in Created may have its identity on the VM already": {
      current: [makeAssigned(web0, reader, { status: { status: "Created" } })],
      actions: ["arm +[] -[reader]", `markUnassigned ${object0} reader`, `delete ${object0} reader`],
    },
    "an object left in Unassigned is only deleted": {
      current: [makeAssigned(web0, reader, { status: { status: "Unassigned" } })],
      actions: [`delete ${object0}`],
    },
    "a wish for an object left in Unassigned waits until that is deleted": {
      wanted: [want(web0)],
      current: [makeAssigned(web0, reader, { status: { status: "Unassigned" } })],
      actions: [`delete ${object0}`],
    },
    "an identity that another pod has stays, in whatever letter case": {
      wanted: [want(web1)],
      current: [
        makeAssigned(web0, makeIdentity("reader", { spec: { resourceID: identityId("READER") } })),
        makeAssigned(web1, reader),
      ],
      actions: [`markUnassigned ${object0}`, `delete ${object0}`],
    },
    "an identity that only a planned object needs keeps its old object until the new one stands": {
      wanted: [want(web1)],
      current: [makeAssigned(web0, reader)],
      actions: ["create web-1-shop-reader", "arm +[reader] -[]", `markAssigned ${object1} reader`],
    },
    "an identity found on the VM is noted in the object": {
      wanted: [want(web0)],
      inventory: ["reader", "other"],
      actions: [
        "create web-0-shop-reader pre-assigned",
        "arm +[reader] -[]",
        `markAssigned ${object0} reader`,
      ],
    },
    "an identity found on the VM that one of our objects answers for is ours": {
      wanted: [want(web0), want(web1)],
      current: [makeAssigned(web0, reader)],
      inventory: ["reader"],
      actions: ["createAssigned web-1-shop-reader"],
    },
    "the note goes on to the next object for the same identity": {
      wanted: [want(web0), want(web1)],
      current: [makeAssigned(web0, reader, preAssigned)],
      actions: ["createAssigned web-1-shop-reader pre-assigned"],
    },
    "an identity with that note is not removed": {
      current: [makeAssigned(web0, reader, preAssigned)],
      actions: [`markUnassigned ${object0}`, `delete ${object0}`],
    },
    "a pod with a new UID takes over the object, and ARM only confirms": {
      wanted: [want(web0Again)],
      current: [makeAssigned(web0, reader)],
      actions: ["replace web-0-shop-reader", "arm +[reader] -[]", `markAssigned ${object0} reader`],
    },
    "a pod that came back on another instance of the scale set also takes it over": {
      wanted: [want({ ...web0Again, node: "set-1" })],
      current: [makeAssigned({ ...web0, node: "set-0" }, reader)],
      place: { kind: "compute", target: scaleSetId("set") },
      actions: ["replace web-0-shop-reader", "arm +[reader] -[]", `markAssigned ${object0} reader`],
    },
    "the note goes with the object that is taken over": {
      wanted: [want(web0Again)],
      current: [makeAssigned(web0, reader, preAssigned)],
      actions: [
        "replace web-0-shop-reader pre-assigned",
        "arm +[reader] -[]",
        `markAssigned ${object0} reader`,
      ],
    },
    "an object that is taken over protects its identity": {
      wanted: [want(web0Again)],
      current: [makeAssigned(web0, reader), makeAssigned(web1, reader)],
      actions: [
        "replace web-0-shop-reader",
        "arm +[reader] -[]",
        `markAssigned ${object0} reader`,
        `markUnassigned ${object1}`,
        `delete ${object1}`,
      ],
    },
    "an object written down for another VM is not taken over": {
      wanted: [want(web0Again)],
      current: [makeAssigned(web0, reader, { annotations: { "podid.dev/target": vmId("vm-9") } })],
      actions: ["arm +[] -[reader]", `markUnassigned ${object0} reader`, `delete ${object0} reader`],
    },
    "a changed client id does not take a working identity off the VM": {
      wanted: [want(web0, makeIdentity("reader", { spec: { clientID: "changed" } }))],
      current: [makeAssigned(web0, reader)],
      actions: ["replace web-0-shop-reader"],
    },
    "a changed binding is written down, and the pod does not wait for ARM": {
      wanted: [{ ...want(web0), binding: makeBinding("reader", { weight: 5 }) }],
      current: [makeAssigned(web0, reader)],
      actions: ["replace web-0-shop-reader"],
    },
    "a changed secret identity is written down without ARM": {
      wanted: [want(web0, { ...secret, spec: { ...secret.spec, tenantID: "changed" } })],
      current: [makeAssigned(web0, secret)],
      actions: ["replace web-0-shop-secret"],
    },
    "the name is held by the pod's object on another node": {
      wanted: [want(web0)],
      elsewhere: [makeAssigned({ ...web0, node: "vm-9", uid: "first" }, reader)],
      actions: [`create ${longName0}`, "arm +[reader] -[]", `markAssigned default/${longName0} reader`],
    },
    "the name is held by the pod's object on another VM of its node's name": {
      wanted: [want(web0)],
      elsewhere: [makeAssigned(web0, reader, onOther)],
      actions: [`create ${longName0}`, "arm +[reader] -[]", `markAssigned default/${longName0} reader`],
    },
    "the name is held by the pod's object on the same target, where the object's own node tells nothing": {
      wanted: [want({ ...web0, node: "set-1" })],
      elsewhere: [
        makeAssigned({ ...web0, node: "set-0" }, reader, {
          annotations: { "podid.dev/target": scaleSetId("SET") },
        }),
      ],
      place: { kind: "compute", target: scaleSetId("set") },
      actions: [],
    },
    "both names are held by the pod's objects elsewhere": {
      wanted: [want(web0)],
      elsewhere: [
        makeAssigned({ ...web0, node: "vm-9" }, reader),
        makeAssigned({ ...web0, node: "vm-8" }, reader, { name: longName0 }),
      ],
      actions: [`create ${nameOnVm0}`, "arm +[reader] -[]", `markAssigned default/${nameOnVm0} reader`],
    },
    "both names are held by the pod's objects elsewhere, and that of its machine for what it cannot use": {
      wanted: [want(web0)],
      elsewhere: [
        makeAssigned({ ...web0, node: "vm-9" }, reader),
        makeAssigned({ ...web0, node: "vm-8" }, reader, { name: longName0 }),
        makeAssigned({ ...web0, node: "vm-7" }, reader, { name: nameOnVm0 }),
      ],
      actions: [],
    },
    "the name is held by another pod's object": {
      wanted: [want(web0)],
      elsewhere: [makeAssigned(web1, reader, { name: "web-0-shop-reader" })],
      actions: [
        "create web-0-shop-reader-shop-shop-web-0-uid",
        "arm +[reader] -[]",
        `markAssigned ${object0}-shop-shop-web-0-uid reader`,
      ],
    },
    "two identities of one name get two objects": {
      wanted: [want(web0), want(web0, makeIdentity("reader", { namespace: "lab" }))],
      actions: [
        "create web-0-shop-reader",
        "arm +[reader] -[]",
        `markAssigned ${object0} reader`,
        "createAssigned web-0-shop-reader-lab-shop-web-0-uid reader",
      ],
    },
    "a pod without decision keeps what it has and protects its identity": {
      undecided: ["shop/web-0"],
      current: [makeAssigned(web0, reader), makeAssigned(web1, reader)],
      actions: [`markUnassigned ${object1}`, `delete ${object1}`],
    },
    "an object that answers for nothing any more protects nothing": {
      undecided: ["shop/web-0"],
      current: [makeAssigned(web0, reader, { status: { status: "Unassigned" } }), makeAssigned(web1, reader)],
      actions: ["arm +[] -[reader]", `markUnassigned ${object1} reader`, `delete ${object1} reader`],
    },
    "without ARM's inventory only what is known is made": {
      wanted: [want(web0), want(web0, secret)],
      inventory: null,
      actions: ["createAssigned web-0-shop-secret"],
    },
    "a node that is gone releases its objects without ARM": {
      wanted: [want(web0)],
      current: [makeAssigned(web0, reader)],
      place: { kind: "nodeGone", node: "vm-0" },
      actions: [`markUnassigned ${object0}`, `delete ${object0}`],
    },
    "a node that names no VM holds its objects": {
      wanted: [want(web0)],
      current: [makeAssigned(web0, reader)],
      place: { kind: "noTarget", node: "vm-0" },
      actions: [],
    },
    "an object that does not say its identity is removed": {
      current: [
        {
          ...makeAssigned(web0, reader),
          spec: { ...makeAssigned(web0, reader).spec, azureIdentityRef: null, azureBindingRef: null },
        },
      ],
      actions: [`markUnassigned ${object0}`, `delete ${object0}`],
    },
  };
  for (const [name, { actions, ...situation }] of Object.entries(rows)) {
    it(name, () => assert.deepEqual(plan(toInput(situation)).actions.map(tell), actions));
  }
});
