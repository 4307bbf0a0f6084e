import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { explainPod } from "../../../src/cli/explanation.ts";
import { createManifestSource } from "../../../src/kubernetes/manifest-source.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { instantFromMs } from "../../../src/timebox/instant.ts";
import { crds, folderWith } from "../kubernetes/manifest-fixtures.ts";
import { assigned, binding, createMemoryResources, identity, pod } from "../nmi/memory-resources.ts";
import { createWindowDecider } from "../nmi/window-decider.ts";

const web = pod("web", "127.0.0.2");
const reader = identity("reader");
const machine = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines";

interface Recorded {
  readonly name: string;
  readonly state: "Assigned" | "Created";
  readonly node?: string;
  readonly uid?: string;
  readonly target?: string;
}

/** What `explain` says of web's identity, where the controller recorded `objects` one minute after another. */
async function assignmentAmong(t: TestContext, objects: readonly Recorded[]): Promise<string> {
  const policy = createMemoryResources();
  policy.put("AzureIdentity", reader);
  policy.put("AzureIdentityBinding", binding("reader", { azureIdentity: "reader", selector: "web" }));
  const clock = createSimulatedClock(Date.UTC(2026, 0, 1));
  const directory = await folderWith(t, {});
  const source = await createManifestSource({ directory, crds, clock, log: createSilentLog(), watch: false });
  for (const { name, state, node = web.node, uid = web.uid, target = "vm" } of objects) {
    const object = assigned(web.name, reader, state);
    const annotations = { "podid.dev/pod-uid": uid, "podid.dev/target": `${machine}/${target}` };
    await source.createAssignedIdentity({
      ...object,
      name,
      annotations,
      spec: { ...object.spec, nodename: node },
    });
    clock.advance(60_000);
  }
  const { identities } = explainPod(createWindowDecider(policy), source, web, {
    at: instantFromMs(clock.nowMs()),
    resource: "https://vault.azure.net",
    policy: { revision: "1", digest: "sha256:1" },
  });
  await source.close();
  return identities.map(({ assignment }) => assignment).join();
}

describe("the assignment in an explanation", () => {
  const rows: Readonly<Record<string, { readonly objects: readonly Recorded[]; readonly says: string }>> = {
    "none where nothing is recorded": { objects: [], says: "none" },
    "what is recorded for the pod": { objects: [{ name: "plain", state: "Assigned" }], says: "Assigned" },
    "not that of an earlier pod of its name": {
      objects: [{ name: "plain", state: "Assigned", uid: "first" }],
      says: "none",
    },
    "not that on the node where the pod was": {
      objects: [
        { name: "plain", state: "Assigned", node: "node-0" },
        { name: "long", state: "Created" },
      ],
      says: "Created",
    },
    "not that of the VM that its node was before": {
      objects: [
        { name: "plain", state: "Assigned", target: "old" },
        { name: "long", state: "Created", target: "new" },
      ],
      says: "Created",
    },
    "the one that gives the identity, of two on its VM": {
      objects: [
        { name: "plain", state: "Created" },
        { name: "long", state: "Assigned" },
      ],
      says: "Assigned",
    },
  };
  for (const [what, { objects, says }] of Object.entries(rows)) {
    it(`is ${what}`, async (t) => assert.equal(await assignmentAmong(t, objects), says));
  }
});
