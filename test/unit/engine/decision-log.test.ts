import assert from "node:assert/strict";
import { test } from "node:test";

import type { DecisionRecord } from "../../../src/engine/decision-log.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import type { AssignInput } from "../../../src/engine/input.ts";
import { compile } from "./compiled-policy.ts";

const pod: AssignInput["pod"] = {
  namespace: "shop",
  name: "web-0",
  uid: "u",
  labels: { app: "web", tier: "front" },
  annotations: {},
  serviceAccount: "web",
  node: "node-0",
  phase: "Running",
};
const question: AssignInput = {
  now: 1_781_474_400_000_000_000,
  probes: [],
  pod,
  mode: { namespaced: false },
};

const candidate = '"binding": "a/b", "identity": "a/i", "weight": 0, "probes": []';
const rules = {
  assign: `decision := {"candidates": [{${candidate}, "inForce": false, "reasons": [{"code": "OutsideSchedule", "params": {}}]}], "reasons": []}`,
  token:
    'decision := {"allow": false, "outcome": "pending", "bindings": [], "reasons": [{"code": "AssignmentPending", "params": {}}], "probes": []}',
  exempt: 'decision := {"exempt": true, "reasons": []}',
};

test("records each decision: what policy, when, what came out and why, never what was asked about", async () => {
  const records: DecisionRecord[] = [];
  let nowMs = 0;
  const bundle = await compile(rules);
  const engine = await createEngine(bundle, {
    nowMs: () => (nowMs += 2),
    onDecision: (record) => void records.push(record),
  });
  engine.decide("assign", question);
  engine.decide("token", {
    ...question,
    request: { resource: "https://vault.azure.net" },
    assigned: [],
    caches: { ageSeconds: 0 },
  });
  engine.decide("exempt", { pod });
  engine.decide("validate", { kind: "AzureIdentity", object: {} });
  assert.deepEqual(
    records.map(({ entrypoint, outcome, now, reasons }) => [
      entrypoint,
      outcome,
      now,
      reasons.map(({ code }) => code),
    ]),
    [
      ["assign", "closed", question.now, ["OutsideSchedule"]],
      ["token", "pending", question.now, ["AssignmentPending"]],
      ["exempt", "exempt", null, []],
      ["validate", "invalid", null, ["PolicyError"]],
    ],
  );
  assert.equal(new Set(records.map(({ id }) => id)).size, 4);
  for (const record of records) {
    assert.equal(record.digest, bundle.digest);
    assert.equal(record.revision, bundle.revision);
    assert.equal(record.tz, process.versions["tz"]);
    assert.equal(record.durationMs, 2);
    assert.match(record.inputDigest, /^sha256:[0-9a-f]{64}$/);
    assert.doesNotMatch(JSON.stringify(record), /web-0|front/);
  }
});

test("gives equal digests to equal inputs, in whatever order they were built", async () => {
  const digests: string[] = [];
  const engine = await createEngine(await compile(rules), {
    nowMs: () => 0,
    onDecision: ({ inputDigest }) => void digests.push(inputDigest),
  });
  const { labels, ...rest } = pod;
  engine.decide("exempt", { pod });
  engine.decide("exempt", { pod: { labels: { tier: "front", app: "web" }, ...rest } });
  engine.decide("exempt", { pod: { ...rest, labels: { ...labels, tier: "back" } } });
  assert.equal(digests[0], digests[1]);
  assert.notEqual(digests[0], digests[2]);
});
