import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";

import type { AzureAssignedIdentity } from "../../../src/engine/resources.ts";
import { createAssignments, type Assignments } from "../../../src/nmi/assignments.ts";
import { assigned, createMemoryResources, identity, pod } from "./memory-resources.ts";

const web = pod("web", "127.0.0.2");
const reader = identity("reader");
const writer = identity("writer");
const oldVm = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/old";
const newVm = oldVm.replace("old", "new");

let assignments: Assignments | undefined;
afterEach(() => assignments?.close());

interface Options {
  readonly of?: typeof reader;
  readonly state?: AzureAssignedIdentity["status"]["status"];
  readonly target?: string;
  readonly uid?: string;
  readonly minute: number;
}

/** An object for pod shop/web that was made so many minutes after midnight. */
function made({
  of = reader,
  state = "Assigned",
  target,
  uid = web.uid,
  minute,
}: Options): AzureAssignedIdentity {
  const object = assigned("web", of, state);
  return {
    ...object,
    name: `${object.name}-${minute}`,
    creationTimestamp: `2026-06-14T00:${String(minute).padStart(2, "0")}:00Z`,
    annotations: {
      "podid.dev/pod-uid": uid,
      ...(target === undefined ? {} : { "podid.dev/target": target }),
    },
  };
}

function statesOf(...objects: readonly AzureAssignedIdentity[]): readonly string[] {
  const resources = createMemoryResources();
  for (const object of objects) resources.put("AzureAssignedIdentity", object);
  assignments = createAssignments(resources);
  return assignments.of(web).map(({ identity: key, state }) => `${key} ${state}`);
}

const rows: Readonly<
  Record<string, { readonly objects: readonly Options[]; readonly states: readonly string[] }>
> = {
  "what was made for an earlier pod of its name": {
    objects: [{ minute: 1, uid: "first" }],
    states: [],
  },
  "an object of the VM that its node was before, once one says which VM it is now": {
    objects: [
      { minute: 1, target: oldVm },
      { minute: 2, target: newVm, state: "Created" },
    ],
    states: ["shop/reader Created"],
  },
  "one of the VM before that is listed later": {
    objects: [
      { minute: 2, target: newVm },
      { minute: 1, target: oldVm, state: "Created" },
    ],
    states: ["shop/reader Assigned"],
  },
  "those of the VM before for other identities": {
    objects: [
      { minute: 1, target: oldVm },
      { minute: 1, of: writer, target: oldVm },
      { minute: 2, target: newVm },
    ],
    states: ["shop/reader Assigned"],
  },
};

describe("the assignments of a pod", () => {
  for (const [name, { objects, states }] of Object.entries(rows)) {
    it(`leave out ${name}`, () => assert.deepEqual(statesOf(...objects.map(made)), states));
  }

  for (const when of ["2026-06-14T00:00:00Z", null]) {
    it(`are those that are not assigned where two VMs' are of one second or of none: ${when}`, () => {
      const old = { ...made({ minute: 1, target: oldVm }), creationTimestamp: when };
      const next = { ...made({ minute: 2, target: newVm, state: "Created" }), creationTimestamp: when };
      for (const objects of [
        [old, next],
        [next, old],
      ]) {
        assert.deepEqual(statesOf(...objects), ["shop/reader Created"]);
      }
    });
  }

  it("are the same in whatever order objects of one second are listed", () => {
    const reading = { ...made({ minute: 1, target: oldVm }), creationTimestamp: null };
    const writing = { ...made({ minute: 2, of: writer, target: newVm }), creationTimestamp: null };
    assert.deepEqual(statesOf(reading, writing), statesOf(writing, reading));
  });

  it("are all that is of its VM, in whatever letter case, or does not say of which", () => {
    const objects: readonly Options[] = [
      { minute: 1, of: writer },
      { minute: 2, target: newVm.toUpperCase() },
      { minute: 3, target: newVm, state: "Created" },
    ];
    assert.deepEqual(statesOf(...objects.map(made)), [
      "shop/writer Assigned",
      "shop/reader Assigned",
      "shop/reader Created",
    ]);
  });
});
