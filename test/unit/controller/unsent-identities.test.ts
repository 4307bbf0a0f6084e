import assert from "node:assert/strict";
import { it } from "node:test";

import { createUnsentIdentities } from "../../../src/controller/unsent-identities.ts";
import { identityId, vmId } from "./objects.ts";

it("identities are unsent until they go to ARM, on their target alone", () => {
  const unsent = createUnsentIdentities();
  const [one, other] = [identityId("reader"), identityId("writer")];
  unsent.add(vmId("vm-0"), one);
  unsent.add(vmId("vm-0"), other);
  unsent.add(vmId("vm-1"), one);
  assert.ok(unsent.has(vmId("VM-0"), one.toUpperCase()));
  assert.ok(!unsent.has(vmId("vm-1"), other));
  unsent.drop(vmId("Vm-0"), [one.toLowerCase(), identityId("unknown")]);
  assert.ok(!unsent.has(vmId("vm-0"), one));
  assert.ok(unsent.has(vmId("vm-0"), other) && unsent.has(vmId("vm-1"), one));
});
