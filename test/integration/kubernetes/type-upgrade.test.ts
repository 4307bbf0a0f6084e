import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { at, succeed } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { applyCrds, createNamespace } from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { referenceCrds } from "../admission/reference-crds.ts";
import { type ClusterWorld, readerClientID, readerID, startClusterWorld } from "./cluster-world.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import { finalizer } from "./left-by-mic.ts";

const plane = useControlPlane();
const apiVersion = "aadpodidentity.k8s.io/v1";
const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const configMap = "/api/v1/namespaces/podid-system/configmaps/aad-pod-identity-config";

const identitySpec = {
  type: 0,
  ResourceID: readerID,
  ClientID: readerClientID,
  ClientPassword: { Name: "", Namespace: "" },
  TenantID: "t",
};
const bindingSpec = { AzureIdentity: "reader", Selector: "frontend", Weight: 0 };

const specOf = async (path: string): Promise<unknown> => at(await succeed(plane().api().get(path)), "spec");

// One cluster, as it lives: definitions without schema and objects of before 1.6, then podid, then podid's definitions.
describe("a cluster of aad-pod-identity before 1.6", () => {
  let world: ClusterWorld;
  let shop: string;
  let paths: Readonly<Record<"identity" | "binding" | "exception" | "assigned", string>>;

  before(async () => {
    const api = plane().api();
    world = await startClusterWorld(plane(), {}, [readerID]);
    for (const crd of referenceCrds) await keepEverything(crd);
    shop = await createNamespace(api, "shop");
    const root = `/apis/${apiVersion}/namespaces`;
    const name = `web-0-${shop}-reader`;
    paths = {
      identity: `${root}/${shop}/azureidentities/reader`,
      binding: `${root}/${shop}/azureidentitybindings/reads`,
      exception: `${root}/${shop}/azurepodidentityexceptions/mic`,
      assigned: `${root}/default/azureassignedidentities/${name}`,
    };
    const store = async (path: string, object: object): Promise<unknown> =>
      succeed(api.post(path.slice(0, path.lastIndexOf("/")), { apiVersion, ...object }));
    // The server drops what the definitions before these did not have, for a moment.
    await waitFor(async () => {
      await api.delete(paths.identity);
      const metadata = { name: "reader" };
      const stored = await store(paths.identity, { kind: "AzureIdentity", metadata, spec: identitySpec });
      return at(stored, "spec", "ClientID") === readerClientID;
    }, "definitions that keep everything");
    await store(paths.binding, {
      kind: "AzureIdentityBinding",
      metadata: { name: "reads" },
      spec: bindingSpec,
    });
    await store(paths.exception, {
      kind: "AzurePodIdentityException",
      metadata: { name: "mic" },
      spec: { PodLabels: { App: "MIC" } },
    });
    await store(paths.assigned, {
      kind: "AzureAssignedIdentity",
      metadata: { name, labels: { nodename: world.node }, finalizers: [finalizer] },
      spec: {
        AzureIdentityRef: {
          apiVersion,
          kind: "AzureIdentity",
          metadata: { name: "reader", namespace: shop, resourceVersion: "1" },
          spec: identitySpec,
        },
        AzureBindingRef: {
          apiVersion,
          kind: "AzureIdentityBinding",
          metadata: { name: "gone", namespace: shop },
          spec: bindingSpec,
        },
        Pod: "web-0",
        PodNamespace: shop,
        NodeName: world.node,
      },
      Status: { Status: "Assigned", AvailableReplicas: 1 },
    });
  });

  it("has its objects stored anew by the first controller, which then asks for its definitions", async () => {
    const controller = world.startController();
    const { code, stderr } = await (await controller).ended();
    assert.equal(code, 3);
    assert.match(stderr, /kubectl apply --server-side --force-conflicts -f deploy\/crds/);
    assert.deepEqual(await specOf(paths.identity), {
      type: 0,
      resourceID: readerID,
      clientID: readerClientID,
      clientPassword: { name: "", namespace: "" },
      tenantID: "t",
    });
    assert.deepEqual(await specOf(paths.binding), {
      azureIdentity: "reader",
      selector: "frontend",
      weight: 0,
    });
    assert.deepEqual(await specOf(paths.exception), { podLabels: { App: "MIC" } });
    const assigned = await specOf(paths.assigned);
    assert.equal(at(assigned, "azureIdentityRef", "kind"), "AzureIdentity");
    assert.equal(
      at(assigned, "azureIdentityRef", "metadata", "resourceVersion"),
      at(await succeed(plane().api().get(paths.identity)), "metadata", "resourceVersion"),
      "MIC compares these",
    );
    assert.deepEqual(at(assigned, "azureBindingRef", "spec"), {
      azureIdentity: "reader",
      selector: "frontend",
      weight: 0,
    });
    assert.equal(at(assigned, "nodename"), world.node);
    const object = await succeed(plane().api().get(paths.assigned));
    assert.deepEqual(at(object, "status"), { status: "Assigned", availableReplicas: 1 });
    assert.match(String(await mark()), /^podid \d/);
  });

  it("is taken over without a PATCH once it has podid's definitions, and never upgraded again", async (t) => {
    const api = plane().api();
    const kubelet = createFakeKubelet(api);
    const labels = { aadpodidbinding: "frontend" };
    const pod = await kubelet.startPod({ namespace: shop, name: "web-0", node: world.node, labels });
    await applyCrds(plane());
    const first = await mark();
    const controller = await world.startController();
    t.after(() => end(controller));
    await controller.said("field names were brought up to date before");
    await controller.said("leading");
    await waitFor(
      async () => at(await specOf(paths.assigned), "azureBindingRef", "metadata", "name") === "reads",
      "the snapshot of the binding of now",
    );
    assert.deepEqual(world.patches(), []);
    assert.equal(await mark(), first);
    await kubelet.deletePod(pod);
    await waitFor(async () => (await api.get(paths.assigned)).status === 404, "the object away");
    await waitFor(async () => world.identitiesOnVm().length === 0, "the identity off the VM");
  });

  it("is looked at again under another key, and left alone where nothing is old or the flag says so", async (t) => {
    t.after(() => world.close());
    const versionOf = async (): Promise<unknown> =>
      at(await succeed(plane().api().get(paths.identity)), "metadata", "resourceVersion");
    const untouched = await versionOf();
    const other = await world.startController(
      "--config-map-name=other",
      "--type-upgrade-status-key=fields",
      "--leader-election-name=other",
    );
    t.after(() => end(other));
    await other.said("leading");
    const written = await succeed(plane().api().get("/api/v1/namespaces/podid-system/configmaps/other"));
    assert.match(String(at(written, "data", "fields")), /^podid \d/);
    const without = await world.startController(
      "--enable-type-upgrade=false",
      "--config-map-name=none",
      "--leader-election-name=none",
    );
    t.after(() => end(without));
    await without.said("leading");
    assert.equal((await plane().api().get("/api/v1/namespaces/podid-system/configmaps/none")).status, 404);
    assert.equal(await versionOf(), untouched);
  });
});

async function mark(): Promise<unknown> {
  return at(await succeed(plane().api().get(configMap)), "data", "type-upgrade-status");
}

async function end(daemon: DaemonProcess): Promise<void> {
  daemon.kill("SIGTERM");
  await daemon.ended();
}

/** Definitions without a schema, as those of before 1.6 were. */
async function keepEverything(crd: object): Promise<void> {
  const api = plane().api();
  const path = `${crdPath}/${String(at(crd, "metadata", "name"))}`;
  const { spec: _, ...now } = { spec: null, ...Object(await succeed(api.get(path))) };
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const spec = {
    ...Object(at(crd, "spec")),
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }],
  };
  await succeed(api.put(path, { ...now, spec }));
}
