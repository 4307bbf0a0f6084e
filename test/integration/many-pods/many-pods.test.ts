import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { createCompute } from "../../../src/azure/compute.ts";
import { createSecretCredential } from "../../../src/azure/credential.ts";
import { createController } from "../../../src/controller/controller.ts";
import { createEmulator } from "../../../src/emulator/emulator.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSystemClock } from "../../../src/runtime/clock.ts";
import { createFakeDecider } from "../../unit/controller/fake-decider.ts";
import { createFakeCluster } from "../../unit/controller/fakes.ts";
import { makeBinding, makeIdentity, makePod } from "../../unit/controller/objects.ts";

const tenantID = "22222222-2222-4222-8222-222222222222";
const clientID = "cccccccc-0000-4000-8000-000000000001";
const group = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/nodes/providers";
const sets = 10;
const identities = 20;
const pods = 1000;

function setOf(i: number): string {
  return `${group}/Microsoft.Compute/virtualMachineScaleSets/pool-${i}`;
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe("1,000 pods on 10 scale sets", () => {
  it("are all Assigned after at most 20 PATCH, with one write each and one more for each identity of a set", async (t) => {
    const clock = createSystemClock();
    const resourceIDs = numbers(identities).map(
      (i) => `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/identity-${i}`,
    );
    const emulator = createEmulator({
      clock,
      settings: { operationDurationMs: 0 },
      state: {
        tenants: [{ tenantID }],
        applications: [{ tenantID, clientID, objectID: clientID, secrets: ["emulator-only"] }],
        userAssignedIdentities: resourceIDs.map((resourceID, i) => {
          const id = `10000000-0000-4000-8000-${String(i).padStart(12, "0")}`;
          return { resourceID, clientID: id, objectID: id, tenantID };
        }),
        machines: numbers(sets).map((i) => ({
          resourceID: setOf(i),
          location: "westeurope",
          tenantID,
        })),
      },
    });
    const azure = await emulator.start();
    t.after(() => emulator.close());
    const endpoints = { authorityUrl: azure.entra, armUrl: azure.arm };
    const cloud = findCloud("AzurePublicCloud");
    const login = { tenantID, clientID, clientSecret: "emulator-only" };
    const credential = createSecretCredential({ clock, cloud, endpoints, ...login });

    const cluster = createFakeCluster();
    const bindings = numbers(identities).map((i) =>
      makeBinding(`identity-${i}`, { selector: `identity-${i}` }),
    );
    for (const i of numbers(100)) {
      const providerID = `azure://${setOf(i % sets)}/virtualMachines/${i}`;
      cluster.put("Node", { name: `node-${i}`, providerID });
    }
    for (const [i, resourceID] of resourceIDs.entries()) {
      cluster.put("AzureIdentity", makeIdentity(`identity-${i}`, { spec: { resourceID } }));
    }
    for (const binding of bindings) cluster.put("AzureIdentityBinding", binding);
    for (const i of numbers(pods)) {
      const labels = { aadpodidbinding: `identity-${(i * 7) % identities}` };
      cluster.put("Pod", makePod(`web-${i}`, { node: `node-${i % 100}`, labels }));
    }
    let creates = 0;
    const create = cluster.createAssignedIdentity.bind(cluster);
    cluster.createAssignedIdentity = (object) => {
      creates += 1;
      return create(object);
    };
    const controller = createController({
      clock,
      log: createSilentLog(),
      cluster,
      decider: createFakeDecider(() => bindings),
      compute: createCompute({ clock, cloud, credential, endpoints }),
      namespaced: false,
      random: Math.random,
      statusTerms: { policyDigest: "digest", tzdata: "2026c" },
    });
    t.after(() => controller.close());
    controller.start();
    await controller.settled();

    const objects = cluster.list("AzureAssignedIdentity");
    assert.equal(objects.filter(({ status }) => status.status === "Assigned").length, pods);
    const patches = emulator.journal
      .list()
      .filter(({ method, listener }) => listener === "arm" && method === "PATCH");
    t.diagnostic(
      `${patches.length} PATCH, ${creates} creates, ${cluster.statusWrites.length} status patches`,
    );
    assert.ok(patches.length <= 20, `${patches.length} PATCH`);
    const identitiesOfSets = new Set(
      objects.map(({ spec }) => `${Number(spec.nodename.slice(5)) % sets} ${spec.azureIdentityRef?.name}`),
    );
    assert.equal(creates, pods);
    assert.equal(cluster.statusWrites.length, identitiesOfSets.size);
  });
});
