import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { shippedFiles } from "../../../src/cli/paths.ts";
import { readShippedShapes } from "../../../src/kubernetes/crd-shape.ts";
import { checkServedSchemas, followServedSchemas } from "../../../src/kubernetes/served-schema.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { at, listAt, succeed } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { applyCrds } from "../../control-plane/fixtures.ts";

import { waitFor } from "../../control-plane/wait.ts";
import { clientOf, clock } from "./followed.ts";

const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const bindings = `${path}/azureidentitybindings.aadpodidentity.k8s.io`;

describe("the definitions on an API server", () => {
  const plane = useControlPlane();

  it("are missing, then good, then older than they must be; each is said", async (t) => {
    const admin = plane().api();
    const shipped = await readShippedShapes(shippedFiles.definitions);
    const api = await clientOf(t, plane());
    const before = await checkServedSchemas(api, shipped);
    assert.equal(before.length, shipped.length);
    assert.ok(before.every((fault) => /^the cluster has no CustomResourceDefinition \S+$/.test(fault)));

    await applyCrds(plane());
    assert.deepEqual(await checkServedSchemas(api, shipped), []);
    const heard: (readonly string[])[] = [];
    const options = { api, clock, log: createSilentLog(), random: Math.random, shipped };
    const followed = followServedSchemas({ ...options, onChange: (faults) => void heard.push(faults) });
    t.after(() => followed.close());

    const crd = await succeed(admin.get(bindings));
    const [version] = listAt(crd, "spec", "versions");
    const spec = at(version, "schema", "openAPIV3Schema", "properties", "spec", "properties");
    delete Object(spec).timeBox;
    // What reads the time box goes as well; the server would not take it.
    await succeed(admin.put(bindings, JSON.parse(JSON.stringify(crd, withoutTimeBoxColumns))));
    await waitFor(() => followed.faults().length > 0, "the fault is seen");
    assert.match(
      followed.faults()[0] ?? "",
      /azureidentitybindings\S+ lacks spec\.timeBox, which the API server/,
    );
    assert.deepEqual(await checkServedSchemas(api, shipped), followed.faults());
    assert.ok(heard.length >= 1);
  });

  it("may not be read: that is said too", async (t) => {
    const shipped = await readShippedShapes(shippedFiles.definitions);
    const nobody = await clientOf(t, plane(), await plane().kubeconfigFor("nobody"));
    const faults = await checkServedSchemas(nobody, shipped);
    assert.ok(faults.every((fault) => /may not read .*grant get, list and watch/.test(fault)));
  });
});

function withoutTimeBoxColumns(name: string, value: unknown): unknown {
  return name === "x-kubernetes-validations" ? undefined : value;
}
