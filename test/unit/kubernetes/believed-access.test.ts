import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";

import { createBelievedAccess } from "../../../src/kubernetes/believed-access.ts";
import { loadCrdSchemas } from "../../../src/kubernetes/manifest-schema.ts";
import { createManifestSource } from "../../../src/kubernetes/manifest-source.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { crdDirectory } from "./manifest-fixtures.ts";

const manifests = `
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityBinding
metadata: { name: oncall, namespace: shop }
spec: { azureIdentity: admin, selector: ops, timeBox: { openWhen: Grant, jit: { maxDuration: 1h, approvals: 0 } } }
---
apiVersion: aadpodidentity.k8s.io/v1
kind: AzureIdentityAccessGrant
metadata: { name: g, namespace: shop }
spec: { bindingName: oncall, requester: alice, justification: the pager rang, for: 1h }
`;

async function start(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), "podid-believed-"));
  await writeFile(join(directory, "all.yaml"), manifests);
  const source = await createManifestSource({
    directory,
    crds: await loadCrdSchemas(crdDirectory),
    clock: createSimulatedClock(0),
    log: createSilentLog(),
    watch: false,
  });
  t.after(async () => {
    await source.close();
    await rm(directory, { recursive: true });
  });
  return createBelievedAccess(source);
}

describe("grants that nobody vouches for", () => {
  it("are not there, and everything else is", async (t) => {
    const { source } = await start(t);
    assert.deepEqual(source.list("AzureIdentityAccessGrant"), []);
    assert.equal(source.get("AzureIdentityAccessGrant", "shop/g"), undefined);
    assert.equal(source.list("AzureIdentityBinding").length, 1);
  });

  it("come with the first vouching and go with the last, and those who follow hear of it once each", async (t) => {
    const access = await start(t);
    const { source } = access;
    const heard: string[] = [];
    const stop = source.subscribe(({ kind, key }) =>
      heard.push(`${kind} ${key} ${source.list(kind).length}`),
    );
    access.believe(true);
    access.believe(true);
    assert.equal(source.get("AzureIdentityAccessGrant", "shop/g")?.spec.requester, "alice");
    access.believe(false);
    assert.equal(source.get("AzureIdentityAccessGrant", "shop/g"), undefined);
    assert.deepEqual(heard, ["AzureIdentityAccessGrant shop/g 1", "AzureIdentityAccessGrant shop/g 0"]);
    stop();
    access.believe(true);
    assert.equal(heard.length, 2);
  });
});
