import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { binding, clientIDOf, machineID, managedIdentity, manifest, node, pod } from "../manifests.ts";
import { assignedIn, startWorld, type World } from "../world.ts";

// Scenarios of the reference's e2e suite (reference/aad-pod-identity.md §8.2) in which an application validates its
// token, and that no other file has. A pod's question to NMI is the validation: Azure is the emulator.

const at = "2026-06-15T10:00:00Z";
const identityChange = { kind: "AzureIdentity", key: "shop/app" } as const;
const podChange = { kind: "Pod", key: "shop/app" } as const;
const appFile = "identity.yaml";

/** Pod shop/app with identity `app` assigned; Azure has identity `other` too, which a binding gives to pods `other`. */
async function startAssigned(t: TestContext): Promise<World> {
  const world = await startWorld({
    at,
    manifests: {
      [appFile]: manifest(managedIdentity("app")),
      "cluster.yaml": manifest(node, managedIdentity("other"), binding("app"), binding("other")),
      "pod.yaml": manifest(pod("app", { podIP: "127.0.21.1" })),
    },
  });
  t.after(() => world.close());
  await world.settle();
  assert.equal((await world.ask("shop/app")).clientID, clientIDOf("app"));
  assert.deepEqual(world.identitiesOn(machineID), ["app"]);
  return world;
}

describe("a pod that has its identity", () => {
  it("loses it when the AzureIdentity is deleted, and its requests are refused", async (t) => {
    const world = await startAssigned(t);
    await world.edit(appFile, null, identityChange);
    const refused = await world.during(world.ask("shop/app"));
    assert.deepEqual([refused.status, refused.reasons], [403, ["IdentityMissing"]]);
    await world.settle();
    assert.deepEqual([assignedIn(world), world.identitiesOn(machineID)], [[], []]);
  });

  it("gets another when the AzureIdentity is changed to it, in one change of the machine", async (t) => {
    const world = await startAssigned(t);
    const other = Object(managedIdentity("other")).spec;
    await world.edit(appFile, manifest(managedIdentity("app", other)), identityChange);
    await world.settle();
    // The object of the former one had the plain name still.
    const objects = assignedIn(world).map((text) => text.replace(/-shop-[0-9a-f-]{36} /, " "));
    assert.deepEqual([objects, world.identitiesOn(machineID)], [["app-shop-app Assigned"], ["other"]]);
    assert.deepEqual(world.patches(), ["+app", "+other", "-app"]);
    assert.equal((await world.ask("shop/app")).clientID, clientIDOf("other"));
  });

  it("gets another when its label is changed", async (t) => {
    const world = await startAssigned(t);
    const relabelled = pod("app", { podIP: "127.0.21.1" });
    const metadata = { name: "app", namespace: "shop", labels: { aadpodidbinding: "other" } };
    await world.edit("pod.yaml", manifest({ ...relabelled, metadata }), podChange);
    const answer = await world.during(world.ask("shop/app"));
    assert.deepEqual([answer.status, answer.clientID], [200, clientIDOf("other")]);
    await world.settle();
    assert.deepEqual(
      [assignedIn(world), world.identitiesOn(machineID)],
      [["app-shop-other Assigned"], ["other"]],
    );
  });
});

const inLowerNamespace = (object: object): object => ({
  ...object,
  metadata: { name: "app", namespace: "a-shop" },
});

describe("identities and bindings of one name in two namespaces", () => {
  it("give the pod both; without an id it gets that of the lower namespace", async (t) => {
    const low = managedIdentity("app", Object(managedIdentity("low")).spec);
    const world = await startWorld({
      at,
      manifests: {
        "cluster.yaml": manifest(
          node,
          managedIdentity("app"),
          binding("app"),
          inLowerNamespace(low),
          inLowerNamespace(binding("app")),
        ),
        "pod.yaml": manifest(pod("app", { podIP: "127.0.21.2" })),
      },
    });
    t.after(() => world.close());
    await world.settle();
    assert.equal(assignedIn(world).length, 2);
    assert.equal((await world.ask("shop/app")).clientID, clientIDOf("low"));
    assert.equal((await world.ask("shop/app", { client_id: clientIDOf("app") })).clientID, clientIDOf("app"));
  });
});
