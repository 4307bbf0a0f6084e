import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  type IdentityBlock,
  type IdentityPatch,
  mergeIdentity,
  typeOf,
} from "../../../src/emulator/arm-identity.ts";

const prefix = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities";
const [a, b, c] = [`${prefix}/a`, `${prefix}/b`, `${prefix}/c`];
const exists = (id: string): boolean => [a, b, c].some((known) => known.toLowerCase() === id.toLowerCase());
const bare: IdentityBlock = { systemAssigned: false, userAssigned: [] };
const withA: IdentityBlock = { systemAssigned: false, userAssigned: [a] };
const withSystemAndA: IdentityBlock = { systemAssigned: true, userAssigned: [a] };

describe("mergeIdentity", () => {
  const rows: readonly {
    readonly name: string;
    readonly current: IdentityBlock;
    readonly patch: IdentityPatch;
    readonly block: IdentityBlock;
    readonly added?: readonly string[];
    readonly removed?: readonly string[];
    readonly changed?: boolean;
  }[] = [
    {
      name: "an empty object adds",
      current: bare,
      patch: { type: "UserAssigned", userAssignedIdentities: { [a]: {} } },
      block: withA,
      added: [a],
    },
    {
      name: "absent keys stay",
      current: withA,
      patch: { type: "UserAssigned", userAssignedIdentities: { [b]: {} } },
      block: { systemAssigned: false, userAssigned: [a, b] },
      added: [b],
    },
    {
      name: "null removes while another is added",
      current: withA,
      patch: { type: "UserAssigned", userAssignedIdentities: { [a]: null, [b]: {} } },
      block: { systemAssigned: false, userAssigned: [b] },
      added: [b],
      removed: [a],
    },
    {
      name: "removing matches without regard to letter case",
      current: withA,
      patch: { type: "UserAssigned", userAssignedIdentities: { [a.toUpperCase()]: null } },
      block: bare,
      removed: [a.toUpperCase()],
    },
    {
      name: "adding what is there in another letter case changes nothing",
      current: withA,
      patch: { type: "UserAssigned", userAssignedIdentities: { [a.toUpperCase()]: {} } },
      block: withA,
      changed: false,
    },
    {
      name: "the properties of a GET count as an addition",
      current: withA,
      patch: { type: "UserAssigned", userAssignedIdentities: { [a]: { clientId: "x" } } },
      block: withA,
      changed: false,
    },
    {
      name: "removing what is not there changes nothing",
      current: withA,
      patch: { type: "UserAssigned", userAssignedIdentities: { [b]: null } },
      block: withA,
      changed: false,
    },
    {
      name: "None wipes every user-assigned identity",
      current: { systemAssigned: false, userAssigned: [a, b] },
      patch: { type: "None" },
      block: bare,
      removed: [a, b],
    },
    {
      name: "SystemAssigned wipes the user-assigned ones and keeps the system one",
      current: withSystemAndA,
      patch: { type: "SystemAssigned" },
      block: { systemAssigned: true, userAssigned: [] },
      removed: [a],
    },
    {
      name: "UserAssigned drops the system identity",
      current: withSystemAndA,
      patch: { type: "UserAssigned", userAssignedIdentities: { [b]: {} } },
      block: { systemAssigned: false, userAssigned: [a, b] },
      added: [b],
    },
    {
      name: "both types keep the system identity",
      current: withSystemAndA,
      patch: { type: "SystemAssigned, UserAssigned", userAssignedIdentities: { [b]: {} } },
      block: { systemAssigned: true, userAssigned: [a, b] },
      added: [b],
    },
    {
      name: "both types switch a system identity on",
      current: withA,
      patch: { type: "SystemAssigned, UserAssigned" },
      block: withSystemAndA,
    },
  ];
  for (const { name, current, patch, block, added = [], removed = [], changed = true } of rows) {
    it(name, () => {
      assert.deepEqual(mergeIdentity(current, patch, exists), {
        kind: "merged",
        block,
        added,
        removed,
        changed,
      });
    });
  }

  const refusals: readonly {
    readonly name: string;
    readonly patch: IdentityPatch;
    readonly code: string;
    readonly message: RegExp;
  }[] = [
    {
      name: "an identity that does not exist, by name, though another one does",
      patch: { type: "UserAssigned", userAssignedIdentities: { [a]: {}, [`${prefix}/ghost`]: {} } },
      code: "FailedIdentityOperation",
      message: /'\/subscriptions\/s\/.*\/ghost' was not found/,
    },
    {
      name: "two spellings of one id",
      patch: { type: "UserAssigned", userAssignedIdentities: { [a]: {}, [a.toUpperCase()]: {} } },
      code: "InvalidParameter",
      message: /cannot be duplicated/,
    },
    {
      name: "a list with type None",
      patch: { type: "None", userAssignedIdentities: { [a]: null } },
      code: "InvalidParameter",
      message: /should not be provided if the type is "None"/,
    },
    {
      name: "a list with type SystemAssigned",
      patch: { type: "SystemAssigned", userAssignedIdentities: { [a]: {} } },
      code: "InvalidParameter",
      message: /should not be provided if the type is "SystemAssigned"/,
    },
    {
      name: "151 identities",
      patch: {
        type: "UserAssigned",
        userAssignedIdentities: Object.fromEntries(
          Array.from({ length: 151 }, (_, i) => [`${prefix}/${i}`, null]),
        ),
      },
      code: "FailedIdentityOperation",
      message: /Number '151' Assign exceed limit '150' in one request/,
    },
  ];
  for (const { name, patch, code, message } of refusals) {
    it(`refuses ${name}`, () => {
      const merge = mergeIdentity(withA, patch, exists);
      assert.equal(merge.kind, "refused");
      assert.equal(merge.code, code);
      assert.match(merge.message, message);
    });
  }

  it("takes 150 identities", () => {
    const ids = Array.from({ length: 150 }, (_, i) => `${prefix}/${i}`);
    const userAssignedIdentities = Object.fromEntries(ids.map((id) => [id, {}]));
    const merge = mergeIdentity(bare, { type: "UserAssigned", userAssignedIdentities }, () => true);
    assert.equal(merge.kind, "merged");
    assert.deepEqual(merge.added, ids);
  });
});

describe("typeOf", () => {
  const rows = [
    { block: bare, type: "None" },
    { block: withA, type: "UserAssigned" },
    { block: { systemAssigned: true, userAssigned: [] }, type: "SystemAssigned" },
    { block: withSystemAndA, type: "SystemAssigned, UserAssigned" },
  ] as const;
  for (const { block, type } of rows) {
    it(`names ${type}`, () => assert.equal(typeOf(block), type));
  }
});
