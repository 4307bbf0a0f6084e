import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { controllerLogin, emulatedAzureFor } from "../../../src/cli/azure-state.ts";
import { createEmulator } from "../../../src/emulator/emulator.ts";
import { createManifestSource, type ManifestSource } from "../../../src/kubernetes/manifest-source.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { crds, folderWith, identity, resourceID } from "../kubernetes/manifest-fixtures.ts";

const compute = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute";
const node = (name: string, providerID: string): string =>
  `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\nspec: {providerID: "azure://${providerID}"}\n`;
const tenantID = "3c1a63c0-0000-4000-8000-000000000003";
const managedClient = "5a0bd2f5-0000-4000-8000-000000000001";
const principalClient = "5a0bd2f5-0000-4000-8000-000000000002";

async function sourceOf(t: TestContext, ...documents: readonly string[]): Promise<ManifestSource> {
  const directory = await folderWith(t, { "all.yaml": documents.join("---\n") });
  const clock = createSimulatedClock(0);
  const source = await createManifestSource({ directory, crds, clock, log: createSilentLog(), watch: false });
  t.after(() => source.close());
  assert.deepEqual(source.problems(), []);
  return source;
}

const managed = identity("reader", `  clientID: ${managedClient}\n`);
const principal = identity(
  "sender",
  `  tenantID: ${tenantID}\n  clientID: ${principalClient}\n  clientPassword: {name: secret, namespace: shop}\n`,
).replace("type: 0", "type: 1");
const secret =
  "apiVersion: v1\nkind: Secret\nmetadata: {name: secret, namespace: shop}\nstringData: {clientSecret: hush}\n";

describe("the Azure of a folder", () => {
  it("has one machine for all nodes of a scale set, and one for each VM", async (t) => {
    const source = await sourceOf(
      t,
      node("a-0", `${compute}/virtualMachineScaleSets/pool/virtualMachines/0`),
      node("a-1", `${compute}/virtualMachineScaleSets/pool/virtualMachines/1`),
      node("b", `${compute}/virtualMachines/b`),
    );
    const { machines = [], nodes = [] } = await emulatedAzureFor(source);
    const pool = `${compute}/virtualMachineScaleSets/pool`;
    assert.deepEqual(
      machines.map((machine) => machine.resourceID),
      [pool, `${compute}/virtualMachines/b`],
    );
    assert.deepEqual(nodes, [
      { name: "a-0", machineID: pool },
      { name: "a-1", machineID: pool },
      { name: "b", machineID: `${compute}/virtualMachines/b` },
    ]);
  });

  it("has the managed identities, and assigns none", async (t) => {
    const { userAssignedIdentities, machines } = await emulatedAzureFor(await sourceOf(t, managed));
    assert.deepEqual(
      userAssignedIdentities?.map((one) => [one.resourceID, one.clientID]),
      [[resourceID, managedClient]],
    );
    assert.ok(machines?.every(({ userAssigned }) => userAssigned === undefined));
  });

  it("has the controller's application, and those of the principals with their secrets", async (t) => {
    const { applications, tenants } = await emulatedAzureFor(await sourceOf(t, principal, secret));
    assert.deepEqual(
      applications?.map((one) => [one.tenantID, one.clientID, one.secrets]),
      [
        [controllerLogin.tenantID, controllerLogin.clientID, [controllerLogin.clientSecret]],
        [tenantID, principalClient, ["hush"]],
      ],
    );
    assert.deepEqual(
      tenants?.map((one) => one.tenantID),
      [controllerLogin.tenantID, tenantID],
    );
  });

  it("knows a principal without its Secret too, by no secret", async (t) => {
    const { applications } = await emulatedAzureFor(await sourceOf(t, principal));
    assert.deepEqual(applications?.at(-1)?.secrets, []);
  });

  it("is one that the emulator takes, and the same each time", async (t) => {
    const source = await sourceOf(t, managed, principal, secret);
    const state = await emulatedAzureFor(source);
    createEmulator({ clock: createSimulatedClock(0), state });
    assert.deepEqual(await emulatedAzureFor(source), state);
  });
});
