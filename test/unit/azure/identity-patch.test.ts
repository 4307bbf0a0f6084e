import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  formPatch,
  keptIdentities,
  type MachineIdentity,
  openChange,
  sizeOf,
} from "../../../src/azure/identity-patch.ts";
import { immutableIdentities } from "../../../src/azure/immutable-identities.ts";

const none: MachineIdentity = {
  userAssigned: [],
  systemAssigned: false,
  etag: "7",
  clientIDs: new Map(),
  isUpdating: false,
  isDeleting: false,
};
const nothingImmutable = (): boolean => false;

const ids = (prefix: string): string[] => Array.from({ length: 100 }, (_, index) => `${prefix}${index}`);

describe("the delta of a change", () => {
  it("leaves out what is so already, in any letter case", () => {
    const current = { ...none, userAssigned: ["/RG/a", "/rg/b"] };
    const change = { add: ["/rg/A", "/rg/c", "/RG/C"], remove: ["/RG/B", "/rg/d"] };
    const open = openChange(current, change, nothingImmutable);
    assert.deepEqual(open, { add: ["/RG/C"], remove: ["/rg/b"] });
    assert.equal(sizeOf(open), 2);
  });

  it("adds what is both to be added and removed", () => {
    const change = { add: ["a", "b"], remove: ["A", "B"] };
    const open = openChange({ ...none, userAssigned: ["a"] }, change, nothingImmutable);
    assert.deepEqual(open, { add: ["b"], remove: [] });
  });

  const immutable = [
    { name: "client id, as ARM shows it", names: [" CLIENT-b "] },
    { name: "resource id", names: ["/RG/B", ""] },
  ];
  for (const { name, names } of immutable) {
    it(`never removes what is immutable by ${name}, in any letter case`, () => {
      const isImmutable = immutableIdentities(() => names);
      const clientIDs = new Map([
        ["/rg/a", "client-a"],
        ["/rg/b", "Client-B"],
      ]);
      const current = { ...none, userAssigned: ["/rg/a", "/Rg/b", "/rg/c"], clientIDs };
      const change = { add: [], remove: ["/rg/a", "/rg/b", "/rg/c"] };
      assert.deepEqual(openChange(current, change, isImmutable), { add: [], remove: ["/rg/a", "/rg/c"] });
      assert.deepEqual(keptIdentities(current, change, isImmutable), ["/Rg/b"]);
    });
  }
});

describe("the PATCH of a change", () => {
  const rows = [
    {
      name: "adds the first identity only at the etag seen, since the type changes",
      current: none,
      open: { add: ["a"], remove: [] },
      patch: { type: "UserAssigned", userAssignedIdentities: { a: {} }, ifMatch: "7" },
    },
    {
      name: "adds and removes in one",
      current: { ...none, userAssigned: ["a"] },
      open: { add: ["b"], remove: ["a"] },
      patch: { type: "UserAssigned", userAssignedIdentities: { b: {}, a: null } },
    },
    {
      name: "keeps the system identity",
      current: { ...none, systemAssigned: true, userAssigned: ["a", "b"] },
      open: { add: [], remove: ["a"] },
      patch: { type: "SystemAssigned, UserAssigned", userAssignedIdentities: { a: null } },
    },
    {
      name: "takes the last one away by type, at the etag seen",
      current: { ...none, userAssigned: ["a"] },
      open: { add: [], remove: ["a"] },
      patch: { type: "None", ifMatch: "7" },
    },
    {
      name: "takes the last one away and keeps the system identity",
      current: { ...none, systemAssigned: true, userAssigned: ["a"] },
      open: { add: [], remove: ["a"] },
      patch: { type: "SystemAssigned", ifMatch: "7" },
    },
    {
      name: "sends no condition when ARM gave no etag",
      current: { ...none, etag: undefined },
      open: { add: ["a"], remove: [] },
      patch: { type: "UserAssigned", userAssignedIdentities: { a: {} } },
    },
  ];
  for (const { name, current, open, patch } of rows) {
    it(name, () => assert.deepEqual(formPatch(current, open), patch));
  }

  it("holds 150 identities, those to remove first", () => {
    const current = { ...none, userAssigned: [...ids("r"), "kept"] };
    const { userAssignedIdentities = {} } = formPatch(current, { add: ids("a"), remove: ids("r") });
    const values = Object.values(userAssignedIdentities);
    assert.deepEqual([values.length, values.filter((value) => value === null).length], [150, 100]);
  });
});
