import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { buildClusterDocument, type ClusterDocument } from "../../../src/engine/cluster-document.ts";
import { noResources } from "../../../src/engine/cluster-layout.ts";
import { createEngine, type Engine } from "../../../src/engine/engine.ts";
import type { EngineError } from "../../../src/engine/errors.ts";
import type { ExemptInput, TokenInput } from "../../../src/engine/input.ts";
import { compile } from "./compiled-policy.ts";

const policyError = [{ code: "PolicyError", params: {} }];
const pod: ExemptInput["pod"] = {
  namespace: "shop",
  name: "web-0",
  uid: "u1",
  labels: {},
  annotations: {},
  serviceAccount: "web",
  node: "node-0",
  phase: "Running",
};
const question: TokenInput = {
  now: 1_781_474_400_000_000_000,
  probes: [],
  pod,
  mode: { namespaced: false },
  request: { resource: "https://vault.azure.net" },
  assigned: [],
  caches: { ageSeconds: 0 },
};

async function engineOf(
  rules: Readonly<Record<string, string>>,
): Promise<{ readonly engine: Engine; readonly faults: EngineError[] }> {
  const faults: EngineError[] = [];
  const engine = await createEngine(await compile(rules), {
    nowMs: () => 0,
    onFault: (fault) => void faults.push(fault),
  });
  return { engine, faults };
}

const refusals: Readonly<Record<string, string>> = {
  "leaves the decision undefined": "decision := {} if input.never",
  "answers in another shape": 'decision := {"allow": "yes"}',
  "allows with a field missing": 'decision := {"allow": true, "outcome": "allowed", "identity": "a/b"}',
  "allows with a field too many":
    'decision := {"allow": true, "outcome": "allowed", "identity": "a/b", "binding": "a/b", "bindings": [], "reasons": [], "probes": [], "limits": {"clampResponse": true, "minLifetimeSeconds": 0, "maxOverhangSeconds": null}, "extra": 1}',
  "gives a reason that nobody knows":
    'decision := {"allow": false, "outcome": "denied", "bindings": [], "reasons": [{"code": "Whatever", "params": {}}], "probes": []}',
  "contradicts itself": "decision := 1 if input.now\n\ndecision := 2 if input.now",
  "wants all the memory there is": "decision := count(numbers.range(0, 100000000))",
};

for (const [what, rule] of Object.entries(refusals)) {
  test(`denies with PolicyError when the policy ${what}`, async () => {
    const { engine, faults } = await engineOf({ token: rule });
    const decision = engine.decide("token", question);
    assert.equal(decision.allow, false);
    assert.deepEqual(decision.reasons, policyError);
    assert.equal(faults[0]?.code, "EvaluationFailed");
  });
}

test("answers on after 2,000 faults, because a faulty instance is never used again", async () => {
  const { engine, faults } = await engineOf({
    token: "decision := 1 if input.now\n\ndecision := 2 if input.now",
    exempt: 'decision := {"exempt": data.cluster.namespaces.shop.labels.free == "yes", "reasons": []}',
  });
  engine.setData(clusterWith({ free: "yes" }));
  for (let i = 0; i < 2000; i += 1) {
    engine.decide("token", question);
    await turn();
    assert.deepEqual(engine.decide("exempt", { pod }), { exempt: true, reasons: [] });
  }
  assert.equal(faults.filter(({ message }) => message === "podid/token/decision failed").length, 2000);
});

test("denies between two faults when no instance is left, and recovers by itself", async () => {
  const { engine } = await engineOf({
    token: "decision := 1 if input.now\n\ndecision := 2 if input.now",
    exempt: 'decision := {"exempt": true, "reasons": []}',
  });
  for (let i = 0; i < 3; i += 1) engine.decide("token", question);
  assert.deepEqual(engine.decide("exempt", { pod }), { exempt: false, reasons: policyError });
  for (let i = 0; i < 50; i += 1) await turn();
  assert.deepEqual(engine.decide("exempt", { pod }), { exempt: true, reasons: [] });
});

test("sees new data at the next decision", async () => {
  const { engine } = await engineOf({
    exempt: 'decision := {"exempt": data.cluster.namespaces.shop.labels.free == "yes", "reasons": []}',
  });
  engine.setData(clusterWith({ free: "no" }));
  assert.equal(engine.decide("exempt", { pod }).exempt, false);
  engine.setData(clusterWith({ free: "yes" }));
  assert.equal(engine.decide("exempt", { pod }).exempt, true);
});

test("refuses at load a policy that calls what podid does not offer", async () => {
  const bundle = compile({ token: 'decision := semver.compare("1.0.0", input.now)' });
  await assert.rejects(createEngine(await bundle, { nowMs: () => 0 }), {
    code: "BuiltinMissing",
    message: /semver\.compare/,
  });
});

test("refuses at load a policy that asks for the time of day", async () => {
  const bundle = compile({ token: "decision := time.now_ns()" });
  await assert.rejects(createEngine(await bundle, { nowMs: () => 0 }), {
    code: "BuiltinMissing",
    message: /time\.now_ns/,
  });
});

test("refuses at load a module that is no WebAssembly", async () => {
  const bundle = await compile({});
  await assert.rejects(createEngine({ ...bundle, wasm: new Uint8Array([1, 2, 3]) }, { nowMs: () => 0 }), {
    code: "BundleIncomplete",
  });
});

function clusterWith(labels: Readonly<Record<string, string>>): ClusterDocument {
  return buildClusterDocument({ ...noResources, namespaces: [{ name: "shop", labels }] }, () => ({
    valid: true,
    reasons: [],
  }));
}
