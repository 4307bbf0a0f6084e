import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import { type Api, at, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { applyCrds } from "../../control-plane/fixtures.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { assertStatus, create, namespace, objectOf, pathOf, tryOut } from "./cluster.ts";
import { referenceCrds } from "./reference-crds.ts";
import { type ReferenceRow, referenceRows } from "./reference-rows.ts";

const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const finalizer = "azureassignedidentity.finalizers.aadpodidentity.k8s.io";

async function assertAnswer(
  api: Api,
  { kind, body, status, stored = {}, lax = false }: ReferenceRow,
): Promise<void> {
  const query = lax ? "dryRun=All" : "dryRun=All&fieldValidation=Strict";
  const answer = await api.post(`${pathOf(kind)}?${query}`, { ...objectOf(kind, "trial"), ...body });
  assertStatus(answer, status);
  for (const [field, value] of Object.entries(stored)) assert.deepEqual(at(answer.body, field), value);
}

// One cluster, in the order in which it would live: first aad-pod-identity's CRDs, then podid's over them.
describe("a cluster of aad-pod-identity", () => {
  const plane = useControlPlane();
  before(async () => {
    const api = plane().api();
    await succeed(api.post("/api/v1/namespaces", { metadata: { name: namespace } }));
    for (const crd of referenceCrds) await succeed(api.post(crdPath, crd));
    await waitFor(
      async () =>
        (
          await Promise.all([
            api.get(pathOf("AzureIdentity")),
            api.get(pathOf("AzureIdentityBinding")),
            api.get(pathOf("AzureAssignedIdentity")),
            api.get(pathOf("AzurePodIdentityException")),
          ])
        ).every(({ status }) => status === 200),
      "aad-pod-identity's kinds",
    );
  });

  describe("with its own CRDs", () => {
    for (const row of referenceRows) {
      it(`answers ${row.status}: ${row.kind}, ${row.name}`, () => assertAnswer(plane().api(), row));
    }

    it("prunes a time box with a mere warning, so that the binding is always in force", async () => {
      const api = plane().api();
      const timeBox = { suspend: true };
      assertStatus(await tryOut(api, "AzureIdentityBinding", { timeBox }), 400);
      const stored = await succeed(
        api.post(pathOf("AzureIdentityBinding"), objectOf("AzureIdentityBinding", "pruned", { timeBox })),
      );
      assert.deepEqual(at(stored, "spec"), {});
    });
  });

  describe("that gets podid's CRDs", () => {
    before(async () => {
      const api = plane().api();
      const old = { nodename: "n1", pod: "web-0", podNamespace: "shop" };
      await succeed(create(api, "AzureAssignedIdentity", "web-0-shop-old", old));
      await succeed(create(api, "AzureIdentity", "odd", { type: 7, clientID: "", resourceID: "nowhere" }));
      await applyCrds(plane());
      await waitFor(
        async () =>
          (await tryOut(api, "AzureIdentityBinding", { timeBox: { suspend: true } })).status === 201,
        "the schema of time boxes",
      );
      await waitFor(
        async () => (await tryOut(api, "AzureIdentity", { objectID: "x" })).status === 422,
        "the schema of identities",
      );
    });

    for (const row of referenceRows) {
      it(`answers as before, ${row.status}: ${row.kind}, ${row.name}`, () =>
        assertAnswer(plane().api(), row));
    }

    it("takes changes of stored objects that look odd", async () => {
      const api = plane().api();
      const path = pathOf("AzureIdentity", "odd");
      assertStatus(
        await api.patch(path, { metadata: { labels: { seen: "yes" } }, spec: { tenantID: "t" } }),
        200,
      );
    });

    it("finds assigned identities by node, those stored before too", async () => {
      const api = plane().api();
      await succeed(create(api, "AzureAssignedIdentity", "web-1-shop-new", { nodename: "n2" }));
      const named = async (query: string): Promise<unknown> => {
        const items: unknown = at(
          (await api.get(`${pathOf("AzureAssignedIdentity")}?${query}`)).body,
          "items",
        );
        assert.ok(Array.isArray(items));
        return items.map((item) => textAt(item, "metadata", "name"));
      };
      await waitFor(
        async () =>
          (await api.get(`${pathOf("AzureAssignedIdentity")}?fieldSelector=spec.nodename%3Dn1`)).status ===
          200,
        "the selectable field",
      );
      assert.deepEqual(await named("fieldSelector=spec.nodename%3Dn1"), ["web-0-shop-old"]);
      assert.deepEqual(await named("fieldSelector=spec.nodename%3Dn2"), ["web-1-shop-new"]);
    });

    it("takes MIC's own status patch and its two steps of deletion", async () => {
      const api = plane().api();
      const path = pathOf("AzureAssignedIdentity", "web-2-shop-reader");
      await succeed(
        api.post(pathOf("AzureAssignedIdentity"), {
          ...objectOf("AzureAssignedIdentity", "web-2-shop-reader", { nodename: "n1" }),
          metadata: { name: "web-2-shop-reader", finalizers: [finalizer] },
          status: { status: "Created", availableReplicas: 1 },
        }),
      );
      const patch = [{ op: "replace", path: "/status/status", value: "Assigned" }];
      const patched = await api.patch(path, patch, "json");
      assert.equal(at(patched.body, "status", "status"), "Assigned");
      assert.equal(at(patched.body, "metadata", "generation"), 2);
      const { body } = await api.delete(path);
      assert.deepEqual(at(body, "metadata", "finalizers"), [finalizer]);
      assert.ok(typeof body === "object" && body !== null);
      const { finalizers: _, ...metadata } = { finalizers: [], ...Object(at(body, "metadata")) };
      assertStatus(await api.put(path, { ...body, metadata }), 200);
      assertStatus(await api.get(path), 404);
    });
  });
});
