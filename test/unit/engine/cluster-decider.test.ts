import assert from "node:assert/strict";
import { test } from "node:test";

import { createBundleSlot } from "../../../src/engine/bundle-slot.ts";
import { createClusterDecider, type ClusterSource } from "../../../src/engine/cluster-decider.ts";
import { buildClusterDocument } from "../../../src/engine/cluster-document.ts";
import { noResources } from "../../../src/engine/cluster-layout.ts";
import { createEngine, type Engine } from "../../../src/engine/engine.ts";
import type { AzureIdentity, AzureIdentityBinding, JsonObject } from "../../../src/engine/resources.ts";
import { compile, sound } from "./compiled-policy.ts";

const pod = {
  namespace: "shop",
  name: "web-0",
  uid: "u1",
  labels: {},
  annotations: {},
  serviceAccount: "web",
  node: "node-0",
  phase: "Running",
};
const valid = { valid: true, reasons: [] };

test("indexes a binding by its selector in any namespace, and by its namespace when it has only match", () => {
  const document = buildClusterDocument(
    {
      ...noResources,
      bindings: [
        binding("a", { selector: "web" }),
        binding("b", { match: { pods: ["web-0"] } }),
        binding("c", { selector: "web", match: { pods: ["web-0"] } }),
        binding("d", {}),
      ],
    },
    () => valid,
  );
  assert.deepEqual(document.bindings_by_selector, { web: ["shop/a", "shop/c"] });
  assert.deepEqual(document.bindings_by_namespace, { shop: ["shop/b"] });
});

test("asks about a time box only where there is one, and keeps the answer beside it", () => {
  const asked: string[] = [];
  const timeBox = { notAfter: "2027-01-01T00:00:00Z" };
  const document = buildClusterDocument(
    {
      ...noResources,
      bindings: [binding("open", { selector: "x" }), binding("boxed", { selector: "x", timeBox })],
    },
    ({ name }) => {
      asked.push(name);
      return valid;
    },
  );
  assert.deepEqual(asked, ["boxed"]);
  assert.deepEqual(document.bindings["shop/boxed"]?.timeBoxCheck, valid);
  assert.equal(document.bindings["shop/open"]?.timeBox, undefined);
});

test("carries the Behavior annotation of an identity, for its exact value only", () => {
  assert.equal(namespacedOf("namespaced"), true);
  assert.equal(namespacedOf("Namespaced"), false);
});

test("decides by what the source holds at that moment, and lays it out once per change", async () => {
  const source = createSource();
  const engine = await createEngine(
    await compile({
      exempt: 'decision := {"exempt": data.cluster.namespaces.shop.labels.free == "yes", "reasons": []}',
    }),
    { nowMs: () => 0 },
  );
  let written = 0;
  const counting: Engine = {
    ...engine,
    patchData: (changes) => {
      written += 1;
      engine.patchData(changes);
    },
  };
  const decider = createClusterDecider(counting, source);
  assert.equal(decider.decide("exempt", { pod }).exempt, false);
  source.label = "yes";
  source.changed("Namespace");
  source.changed("Namespace");
  source.changed("Pod");
  assert.equal(decider.decide("exempt", { pod }).exempt, true);
  assert.equal(decider.decide("exempt", { pod }).exempt, true);
  assert.equal(written, 2);
  decider.close();
  assert.equal(source.listeners.size, 0);
});

test("asks validate once per object, but again after a fault of the policy", async () => {
  const source = createSource();
  source.bindings = [binding("boxed", { selector: "x", timeBox: { suspend: true } })];
  const engine = await createEngine(
    await compile({
      validate: 'decision := {"valid": count(input.object.spec.timeBox) == 1, "reasons": []}',
    }),
    { nowMs: () => 0 },
  );
  let asked = 0;
  let faulty = true;
  const flaky: Engine = {
    ...engine,
    decide: (entrypoint, input) => {
      if (entrypoint === "validate") asked += 1;
      return engine.decide(entrypoint, faulty ? { ...input, object: { spec: { timeBox: 5 } } } : input);
    },
  };
  const decider = createClusterDecider(flaky, source);
  for (const fault of [true, false, false]) {
    faulty = fault;
    decider.decide("exempt", { pod });
  }
  assert.equal(asked, 2, "a fault is forgotten at the next decision, an answer is kept");
  decider.close();
});

/** A policy that finds every binding valid, or none, and shows what it was told it had said. */
function judging(isValid: boolean): ReturnType<typeof compile> {
  const shown = 'data.cluster.bindings["shop/boxed"].timeBoxCheck.valid';
  return compile({
    ...sound,
    validate: `decision := {"valid": ${isValid}, "reasons": []}`,
    exempt: `decision := {"exempt": ${shown}, "reasons": []} if input.pod.namespace == "shop"\n\ndefault decision := {"exempt": false, "reasons": []}`,
  });
}

test("asks another policy about every binding anew, before its first decision", async (t) => {
  const source = createSource();
  source.bindings = [binding("boxed", { selector: "x", timeBox: { suspend: true } })];
  const slot = await createBundleSlot(await judging(false), { nowMs: () => 0 });
  t.after(() => slot.close());
  const decider = createClusterDecider(slot, source);
  t.after(() => decider.close());
  assert.equal(decider.decide("exempt", { pod }).exempt, false);
  let told = 0;
  const stop = decider.onPolicyChange?.(() => (told += 1));
  assert.equal(await slot.load(await judging(true)), undefined);
  assert.equal(told, 1);
  assert.equal(decider.decide("exempt", { pod }).exempt, true);
  stop?.();
  assert.equal(await slot.load(await judging(false)), undefined);
  assert.equal(told, 1);
  assert.equal(decider.decide("exempt", { pod }).exempt, false);
});

function namespacedOf(behavior: string): boolean | undefined {
  const resources = { ...noResources, identities: [identityWith(behavior)] };
  return buildClusterDocument(resources, () => valid).identities["shop/i"]?.namespaced;
}

interface TestSource extends ClusterSource {
  label: string;
  bindings: readonly AzureIdentityBinding[];
  readonly listeners: Set<(change: { readonly kind: string }) => void>;
  changed(kind: string): void;
}

function createSource(): TestSource {
  const listeners = new Set<(change: { readonly kind: string }) => void>();
  const source = {
    label: "no",
    bindings: [] as readonly AzureIdentityBinding[],
    listeners,
    changed: (kind: string): void => {
      for (const listener of listeners) listener({ kind });
    },
    subscribe: (listener: (change: { readonly kind: string }) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const lists = {
    AzureIdentity: () => [],
    AzureIdentityBinding: () => source.bindings,
    AzureIdentityAccessGrant: () => [],
    AzureIdentityAccessApproval: () => [],
    AzurePodIdentityException: () => [],
    Namespace: () => [{ name: "shop", labels: { free: source.label } }],
  };
  function list(kind: "AzureIdentity"): readonly [];
  function list(kind: "AzureIdentityBinding"): readonly AzureIdentityBinding[];
  function list(
    kind: "AzurePodIdentityException" | "AzureIdentityAccessGrant" | "AzureIdentityAccessApproval",
  ): readonly [];
  function list(kind: "Namespace"): readonly { name: string; labels: Record<string, string> }[];
  function list(kind: keyof typeof lists): readonly unknown[] {
    return lists[kind]();
  }
  return Object.assign(source, { list });
}

function binding(
  name: string,
  spec: { readonly selector?: string; readonly match?: JsonObject; readonly timeBox?: JsonObject },
): AzureIdentityBinding {
  return {
    ...stored(name),
    spec: {
      azureIdentity: "i",
      selector: spec.selector ?? "",
      weight: 0,
      match: spec.match ?? null,
      timeBox: spec.timeBox ?? null,
    },
  };
}

function identityWith(behavior: string): AzureIdentity {
  return {
    ...stored("i"),
    annotations: { "aadpodidentity.k8s.io/Behavior": behavior },
    spec: {
      type: 0,
      resourceID: "",
      clientID: "",
      objectID: "",
      tenantID: "",
      auxiliaryTenantIDs: [],
      adEndpoint: "",
      clientPassword: null,
      usableBy: null,
    },
  };
}

function stored(name: string): Omit<AzureIdentity, "spec"> {
  return {
    namespace: "shop",
    name,
    uid: name,
    resourceVersion: "1",
    annotations: {},
    creationTimestamp: null,
  };
}
