import assert from "node:assert/strict";
import { test } from "node:test";

import type { ArmClient } from "../../../src/azure/arm-client.ts";
import type { ArmGate } from "../../../src/azure/arm-gate.ts";
import { createGatedArmClient } from "../../../src/azure/gated-arm-client.ts";
import { parseVmId } from "../../../src/azure/vm-id.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { signal } from "./arm-script.ts";
import { startMs, vm } from "./world.ts";

test("who loses the lease while it waits for budget sends no write, but reads still go", async () => {
  const lease = { isHeld: true };
  const gate: ArmGate = {
    enter: async () => {
      await Promise.resolve();
      lease.isHeld = false;
      return { admitted: true };
    },
    close: () => undefined,
  };
  const sent: string[] = [];
  const arm: ArmClient = {
    readIdentity: async () => {
      sent.push("read");
      return {
        userAssigned: [],
        systemAssigned: false,
        etag: undefined,
        clientIDs: new Map(),
        isUpdating: false,
        isDeleting: false,
      };
    },
    patchIdentity: async () => {
      sent.push("patch");
      throw new Error("nobody may send this");
    },
    pollOperation: async () => {
      throw new Error("there is no operation");
    },
  };
  const id = parseVmId(vm);
  assert.ok(id !== undefined);
  const gated = createGatedArmClient(arm, gate, {
    clock: createSimulatedClock(startMs),
    mayWrite: () => lease.isHeld,
  });
  const patch = { type: "UserAssigned", userAssignedIdentities: {} } as const;

  await assert.rejects(gated.patchIdentity(id, patch, signal), { code: "lease-lost" });
  await gated.readIdentity(id, signal);
  assert.deepEqual(sent, ["read"]);
});
