import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { listAt, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { referenceCrds } from "../admission/reference-crds.ts";
import { startClusterWorld } from "./cluster-world.ts";

const plane = useControlPlane();

describe("a cluster that would not keep podid's promises", () => {
  it("with aad-pod-identity's definitions drops a time box, and is refused by both daemons, later too", async (t) => {
    const world = await startClusterWorld(plane());
    t.after(() => world.close());
    const nmi = await world.startNmi();
    t.after(() => nmi.kill("SIGKILL"));
    await nmi.said("ready");

    const api = plane().api();
    const replace = async (crd: object): Promise<unknown> =>
      succeed(api.patch(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${nameOf(crd)}`, crd));
    await Promise.all(referenceCrds.filter(isOfBindings).map(replace));
    // Running already: it ends, so that it serves no binding whose time box was dropped.
    const ended = await nmi.ended();
    assert.equal(ended.code, 3);
    assert.match(
      ended.stderr,
      /^podid nmi: .*azureidentitybindings\.aadpodidentity\.k8s\.io lacks .*spec\.timeBox/,
    );
    await Promise.all(referenceCrds.filter((crd) => !isOfBindings(crd)).map(replace));

    const namespace = await createNamespace(api, "old");
    const manifest = `
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityBinding
metadata: { name: nightly, namespace: ${namespace} }
spec:
  azureIdentity: reader
  selector: frontend
  timeBox: { notAfter: "2020-01-01T00:00:00Z" }
`;
    const strict = await plane().kubectl(["apply", "-f", "-"], { stdin: manifest });
    assert.notEqual(strict.code, 0, "kubectl refuses fields that it does not know");
    assert.match(strict.stderr, /unknown field "spec\.timeBox"/);
    const lax = await plane().kubectl(["apply", "--validate=warn", "-f", "-"], { stdin: manifest });
    assert.equal(lax.code, 0);
    assert.match(lax.stderr, /unknown field "spec\.timeBox"/);
    const stored = await succeed(
      api.get(`/apis/aadpodidentity.k8s.io/v1/namespaces/${namespace}/azureidentitybindings/nightly`),
    );
    assert.doesNotMatch(JSON.stringify(stored), /"timeBox":/, "gone without an error");

    for (const daemon of await Promise.all([world.startController(), world.startNmi()])) {
      const { code, stderr } = await daemon.ended();
      assert.equal(code, 3);
      const lines = stderr.trim().split("\n");
      assert.equal(lines.length, 1, stderr);
      assert.match(
        stderr,
        /kubectl apply --server-side --force-conflicts -f deploy\/crds .*azureidentitybindings.* spec\.timeBox/,
      );
    }
  });

  for (const component of ["controller", "nmi"] as const) {
    it(`without one right is refused by the ${component} with one line that names what to apply`, async (t) => {
      const world = await startClusterWorld(plane());
      t.after(() => world.close());
      const role = `/apis/rbac.authorization.k8s.io/v1/clusterroles/podid-${component}`;
      const rules = listAt(await succeed(plane().api().get(role)), "rules").filter(
        (rule) => !isOfEvents(rule),
      );
      await succeed(plane().api().patch(role, { rules }));
      const daemon = await (component === "nmi" ? world.startNmi() : world.startController());
      const { code, stderr } = await daemon.ended();
      assert.equal(code, 3);
      assert.equal(
        stderr.trim(),
        `podid ${component}: podid lacks rights: kubectl apply --server-side --force-conflicts -f deploy/rbac/${component}.yaml ` +
          "(may not create, patch events.events.k8s.io)",
      );
    });
  }

  it("with a Lease that may not be written there is refused, and one that is out of reach is told", async (t) => {
    const world = await startClusterWorld(plane());
    t.after(() => world.close());
    const elsewhere = await world.startController("--leader-election-namespace=default");
    const { code, stderr } = await elsewhere.ended();
    assert.equal(code, 3);
    assert.match(
      stderr,
      /rbac\/controller\.yaml \(may not get, create, update leases\.coordination\.k8s\.io in namespace default\)/,
    );

    const controller = await world.startController();
    t.after(async () => {
      controller.kill("SIGKILL");
      await controller.ended();
    });
    await controller.said("leading");
    assert.equal((await controller.probe("/readyz")).status, 200);
    const role = "/apis/rbac.authorization.k8s.io/v1/namespaces/podid-system/roles/podid-controller";
    await succeed(plane().api().patch(role, { rules: [] }));
    await waitFor(async () => (await controller.probe("/readyz")).status === 503, "not ready");
    assert.match(
      (await controller.probe("/readyz")).body,
      /the Lease podid-system\/aad-pod-identity-mic.*cannot be had/,
    );
  });

  it("without podid's rights is refused with one line that names what to apply", async (t) => {
    const world = await startClusterWorld(plane());
    t.after(() => world.close());
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/podid-nmi";
    const rules = [
      {
        apiGroups: ["apiextensions.k8s.io"],
        resources: ["customresourcedefinitions"],
        verbs: ["get", "list", "watch"],
      },
    ];
    await succeed(plane().api().patch(role, { rules }));
    const nmi = await world.startNmi();
    const { code, stderr } = await nmi.ended();
    assert.equal(code, 3);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.match(
      stderr,
      /kubectl apply --server-side --force-conflicts -f deploy\/rbac\/nmi\.yaml \(may not list, watch pods;/,
    );
  });

  it("without an admission policy from the start has its grants ignored, and says so", async (t) => {
    const world = await startClusterWorld(plane());
    t.after(() => world.close());
    const path =
      "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/podid-grant-request";
    await succeed(plane().api().delete(path));
    const nmi = await world.startNmi();
    t.after(async () => {
      nmi.kill("SIGKILL");
      await nmi.ended();
    });
    const line = await nmi.said("grants and approvals count for nothing");
    assert.match(
      JSON.stringify(line),
      /PolicyBinding podid-grant-request: the cluster has none.*kubectl replace --force -f deploy\/admission/,
    );
    await nmi.said("ready");
    await waitFor(
      async () => /podid_grants_believed 0/.test((await nmi.probe("/metrics")).body),
      "the metric",
    );
  });
});

function isOfEvents(rule: unknown): boolean {
  return textAt(rule, "apiGroups", 0) === "events.k8s.io";
}

function nameOf(crd: object): string {
  return textAt(crd, "metadata", "name");
}

function isOfBindings(crd: object): boolean {
  return nameOf(crd).startsWith("azureidentitybindings.");
}
