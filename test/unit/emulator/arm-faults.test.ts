import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createSystemClock } from "../../../src/runtime/clock.ts";
import { computeClient } from "./compute-client.ts";
import { arm, armVersion, machineID, reader, scaleSetID, started, startedFrozen, writer } from "./fixture.ts";

const target = `${machineID}?${armVersion}`;
const add = (id: string): object => ({ type: "UserAssigned", userAssignedIdentities: { [id]: {} } });
const addReader = {
  identity: { type: "UserAssigned", userAssignedIdentities: { [reader.resourceID]: {} } },
} as const;
const quick = { settings: { operationDurationMs: 0, retryAfterSeconds: 0 } };

// azure.md §4.2, §4.3 and §7.5; the other witness is arm-compute as it comes.
describe("@azure/arm-compute and the faults of ARM", () => {
  it("fails late with the code and text of the operation, and nothing has changed", async (t) => {
    const { emulator, addresses } = await started(t, createSystemClock(), quick);
    const end = { kind: "fails", code: "FailedIdentityOperation", message: "no such identity" } as const;
    emulator.addArmFault({ match: { method: "PATCH" }, action: { kind: "operation", end } });
    const { virtualMachines } = computeClient(addresses);
    await assert.rejects(virtualMachines.update("MC_shop", "vm-0", addReader), {
      message: "The long-running operation has failed. FailedIdentityOperation. no such identity",
    });
    assert.deepEqual(emulator.identitiesOf(machineID)?.userAssigned, []);
  });

  it("ends with the poll when the operation's URL vanishes, and the change is made", async (t) => {
    const { emulator, addresses } = await started(t, createSystemClock(), quick);
    const end = { kind: "vanishes" } as const;
    emulator.addArmFault({ match: { method: "PATCH" }, action: { kind: "operation", end } });
    const { virtualMachines } = computeClient(addresses);
    await assert.rejects(virtualMachines.update("MC_shop", "vm-0", addReader), { statusCode: 404 });
    assert.deepEqual(emulator.identitiesOf(machineID)?.userAssigned, [reader.resourceID]);
  });

  it("sees the answer of a fault as often as it is planted, Retry-After included", async (t) => {
    const { emulator, addresses } = await started(t, createSystemClock(), quick);
    emulator.addArmFault({
      match: { method: "GET", machineID: machineID.toUpperCase() },
      count: 1,
      action: { kind: "answer", status: 429, code: "OperationNotAllowed", message: "slow", retryAfter: "17" },
    });
    const { virtualMachines, virtualMachineScaleSets } = computeClient(addresses);
    await virtualMachineScaleSets.get("MC_shop", "pool");
    await assert.rejects(virtualMachines.get("MC_shop", "vm-0"), (error: unknown) => {
      assert.ok(error instanceof Error && "code" in error && "statusCode" in error && "response" in error);
      assert.deepEqual([error.code, error.statusCode], ["OperationNotAllowed", 429]);
      return true;
    });
    await virtualMachines.get("MC_shop", "vm-0");
  });

  it("shows a machine that is being deleted, may not change it, and then finds none", async (t) => {
    const { emulator, addresses } = await started(t, createSystemClock(), quick);
    const { virtualMachines } = computeClient(addresses);
    emulator.markDeleting(machineID);
    assert.equal((await virtualMachines.get("MC_shop", "vm-0")).provisioningState, "Deleting");
    const update = virtualMachines.update("MC_shop", "vm-0", addReader);
    await assert.rejects(update.submitted(), { statusCode: 409, code: "OperationNotAllowed" });
    emulator.removeMachine(machineID);
    await assert.rejects(virtualMachines.get("MC_shop", "vm-0"), { statusCode: 404 });
  });
});

describe("faults of ARM", () => {
  it("are for what they match alone, until they are taken out", async (t) => {
    const { emulator, addresses } = await startedFrozen(t);
    const takeOut = emulator.addArmFault({
      match: { method: "PATCH", adds: writer.resourceID.toUpperCase() },
      action: { kind: "answer", status: 403, code: "LinkedAuthorizationFailed", message: "no" },
    });
    const patch = async (identity: object): Promise<number> =>
      (await arm(addresses, "PATCH", target, { identity })).status;
    assert.equal(await patch(add(writer.resourceID)), 403);
    assert.equal(
      await patch({ type: "UserAssigned", userAssignedIdentities: { [writer.resourceID]: null } }),
      200,
    );
    takeOut();
    assert.equal(await patch(add(writer.resourceID)), 202);
  });

  it("include an operation that never ends, during which nothing else may change", async (t) => {
    const { emulator, addresses, clock } = await startedFrozen(t);
    const end = { kind: "never" } as const;
    emulator.addArmFault({ match: { method: "PATCH" }, count: 1, action: { kind: "operation", end } });
    assert.equal((await arm(addresses, "PATCH", target, { identity: add(reader.resourceID) })).status, 202);
    clock.advance(3_600_000);
    assert.equal((await arm(addresses, "PATCH", target, { identity: add(writer.resourceID) })).status, 409);
  });
});

describe("ARM's budget", () => {
  it("refuses with 429 what is too much, reads and writes apart, and tells when to come back", async (t) => {
    const armBudgets = { reads: { burst: 2, perSecond: 0.5 }, writes: { burst: 1, perSecond: 1 } };
    const { addresses, clock } = await startedFrozen(t, { settings: { armBudgets } });
    const read = (): ReturnType<typeof arm> => arm(addresses, "GET", `${scaleSetID}?${armVersion}`);
    assert.deepEqual([(await read()).status, (await read()).status], [200, 200]);
    const refused = await read();
    assert.deepEqual([refused.status, refused.headers["retry-after"]], [429, "2"]);
    assert.equal((await arm(addresses, "PATCH", target, { identity: add(reader.resourceID) })).status, 202);
    clock.advance(2_000);
    assert.equal((await read()).status, 200);
  });
});
