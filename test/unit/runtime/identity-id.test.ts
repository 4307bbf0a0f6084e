import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { isUserAssignedIdentityId } from "../../../src/runtime/identity-id.ts";

const idOf = (group: string, name: string): string =>
  `/subscriptions/7d1f5b1e-0000-4000-8000-000000000001/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const sound = idOf("shop", "reader");

const rows: Readonly<Record<string, { readonly text: string; readonly is: boolean }>> = {
  "an id": { text: sound, is: true },
  "an id in another letter case": { text: sound.toUpperCase(), is: true },
  "a group of all that Azure takes": { text: idOf("Größe_(1).a-b", "reader"), is: true },
  "a group with a space": { text: idOf("sh op", "reader"), is: false },
  "a group of 91 characters": { text: idOf("g".repeat(91), "reader"), is: false },
  "a name of two characters": { text: idOf("shop", "ab"), is: false },
  "a name of 129 characters": { text: idOf("shop", "a".repeat(129)), is: false },
  "a name with a letter that lower case turns into ASCII": { text: idOf("shop", "reader\u212a"), is: false },
  "a name with a dot": { text: idOf("shop", "rea.der"), is: false },
  "text before it": { text: ` ${sound}`, is: false },
  "text behind it": { text: `${sound}/`, is: false },
  "a line behind it": { text: `${sound}\n`, is: false },
  "another resource": { text: sound.replace("userAssignedIdentities", "identities"), is: false },
  nothing: { text: "", is: false },
};

describe("the id of a user-assigned identity", () => {
  for (const [name, { text, is }] of Object.entries(rows)) {
    it(`${is ? "is" : "is not"} ${name}`, () => assert.equal(isUserAssignedIdentityId(text), is));
  }
});
