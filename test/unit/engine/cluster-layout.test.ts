import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { createClusterData } from "../../../src/engine/cluster-data.ts";
import { createClusterDecider } from "../../../src/engine/cluster-decider.ts";
import { buildClusterDocument } from "../../../src/engine/cluster-document.ts";
import { createClusterLayout, noResources } from "../../../src/engine/cluster-layout.ts";
import { createEngine, type Decider } from "../../../src/engine/engine.ts";
import type { AssignInput } from "../../../src/engine/input.ts";
import { createChangingCluster, step, type Step } from "./changing-cluster.ts";
import { readAsShipped, shippedPolicyFiles, withArchive } from "./compiled-policy.ts";

const seed = 20_260_614;
const valid = () => ({ valid: true, reasons: [] });
const none: ReadonlySet<object> = new Set();

test("changes add up to the document that is built from all objects at once", () => {
  const property = fc.property(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 20 }), (rounds) => {
    const cluster = createChangingCluster();
    const data = createClusterData();
    data.replace(buildClusterDocument(noResources, valid));
    const layout = createClusterLayout(valid);
    for (const round of rounds) {
      for (const one of round) cluster.take(one);
      data.change(layout.update(cluster.resources(), none));
      const whole = buildClusterDocument(cluster.resources(), valid);
      assert.deepEqual(inAnyOrder(data.toJson()), inAnyOrder(JSON.stringify(whole)));
    }
  });
  fc.assert(property, { numRuns: 300, seed });
});

test("one changed object changes its own entries and nothing else", () => {
  const cluster = createChangingCluster();
  for (const name of ["a", "b", "c"]) cluster.take(putBinding(name, 0));
  const layout = createClusterLayout(valid);
  layout.update(cluster.resources(), none);
  cluster.take(putBinding("b", 1));
  assert.deepEqual(
    layout.update(cluster.resources(), none).map(({ section, key }) => `${section} ${key}`),
    ["bindings shop/b", "bindings_by_selector selector-0", "bindings_by_selector selector-1"],
  );
  assert.deepEqual(layout.update(cluster.resources(), none), []);
});

test("after any changes the shipped policy answers as one that was given all data at once", async () => {
  const bundle = await withArchive(shippedPolicyFiles(), readAsShipped);
  const options = { nowMs: () => 0 };
  const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
    const cluster = createChangingCluster();
    const followed = createClusterDecider(await createEngine(bundle, options), cluster.source);
    for (const one of steps) {
      cluster.take(one);
      followed.decide("assign", question);
    }
    const fresh = createClusterDecider(await createEngine(bundle, options), cluster.source);
    for (const pod of [question.pod, podOf("bank", "selector-1"), podOf("shop", "none")]) {
      assert.deepEqual(answers(followed, { ...question, pod }), answers(fresh, { ...question, pod }));
    }
  });
  await fc.assert(property, { numRuns: 60, seed });
});

/** A source gives no order to what it lists. */
function inAnyOrder(json: string): unknown {
  return JSON.parse(json, (_key, part: unknown) =>
    Array.isArray(part) ? part.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : part,
  );
}

function putBinding(name: string, body: number): Step {
  return { kind: "AzureIdentityBinding", object: { name, namespace: "shop", body }, isRemoved: false };
}

function podOf(namespace: string, selector: string): AssignInput["pod"] {
  return {
    namespace,
    name: "web-0",
    uid: "u",
    labels: { aadpodidbinding: selector, app: "app-1" },
    annotations: {},
    serviceAccount: "web",
    node: "node-0",
    phase: "Running",
  };
}

const question: AssignInput = {
  now: 1_781_440_200_000_000_000, // 2026-06-14T12:30:00Z
  probes: [1_781_442_000_000_000_000],
  pod: podOf("shop", "selector-0"),
  mode: { namespaced: false },
};

function answers(decider: Decider, input: AssignInput): unknown {
  const request = { resource: "https://vault.azure.net" };
  return {
    assign: decider.decide("assign", input),
    token: decider.decide("token", { ...input, request, assigned: [], caches: { ageSeconds: 0 } }),
    exempt: decider.decide("exempt", { pod: input.pod }),
  };
}
