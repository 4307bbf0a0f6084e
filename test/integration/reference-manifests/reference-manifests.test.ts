import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { after, before, describe, it } from "node:test";

import { startWorld, type World } from "../world.ts";

// Equivalents of aad-pod-identity's own demo manifests, as its users have them in their clusters.
const folder = resolve(import.meta.dirname, "../../unit/kubernetes/fixtures/reference-demo");
const managedClient = "5a0bd2f5-0000-4000-8000-000000000002";
const principalClient = "5a0bd2f5-0000-4000-8000-000000000004";
const localMachine =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Compute/virtualMachines/local";

const textOf = (file: string): Promise<string> => readFile(resolve(folder, file), "utf8");

describe("the reference's own demo manifests, unchanged", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ at: "2026-06-15T10:00:00Z", manifests: folder });
  });
  after(() => world.close());

  it("are read without a problem; kinds of others are passed over", () => {
    assert.deepEqual(
      world.stack.source.problems().map(({ severity, message }) => [severity, message.split(":")[0]]),
      [["notice", "Deployment is passed over"]],
    );
  });

  it("give the pod a token of the managed identity (type 0), once it is assigned", async () => {
    // Held until then: an assignment takes most of NMI's patience, so time must not outrun the network.
    const held = await world.during(world.ask("default/demo"), 200);
    assert.deepEqual([held.status, held.clientID], [200, managedClient]);
    assert.deepEqual(world.identitiesOn(localMachine), ["demo-aad"]);
    assert.deepEqual(
      world.stack.source.list("AzureAssignedIdentity").map(({ name, status }) => [name, status.status]),
      [["demo-default-demo-aad-identity", "Assigned"]],
    );
    const byID = await world.ask("default/demo", { client_id: managedClient });
    assert.equal(byID.clientID, managedClient);
  });

  it("give a token of the service principal (type 1) to a pod that a binding like theirs selects", async () => {
    const binding = (await textOf("aadpodidentitybinding.yaml"))
      .replace("name: demo-azure-identity-binding", "name: demo-sp-binding")
      .replace("azureIdentity: demo-aad-identity", "azureIdentity: demo-service-principal")
      .replace("selector: demo", "selector: demo-sp");
    const pod = (await textOf("pod.yaml"))
      .replace("name: demo\n", "name: demo-sp\n")
      .replace("aadpodidbinding: demo", "aadpodidbinding: demo-sp");
    await world.edit("sp.yaml", `${binding}---\n${pod}`, { kind: "Pod", key: "default/demo-sp" });
    const { status, clientID } = await world.ask("default/demo-sp");
    assert.deepEqual([status, clientID], [200, principalClient]);
    assert.deepEqual(world.patches(), ["+demo-aad"]);
  });

  it("let the excepted pods through to the platform's metadata service", async () => {
    const pod = (await textOf("pod.yaml"))
      .replace("name: demo\n", "name: mic\n")
      .replace("app: demo", "app: mic")
      .replace("aadpodidbinding: demo", "component: mic");
    await world.edit("mic.yaml", pod, { kind: "Pod", key: "default/mic" });
    const { status, reasons, clientID } = await world.ask("default/mic");
    assert.deepEqual([status, reasons], [200, ["PodExcepted"]]);
    assert.notEqual(clientID, managedClient);
  });
});
