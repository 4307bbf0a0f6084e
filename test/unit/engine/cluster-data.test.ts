import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { createClusterData, type DataChange } from "../../../src/engine/cluster-data.ts";
import type { ClusterDocument } from "../../../src/engine/cluster-document.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import { compile } from "./compiled-policy.ts";

/** Answers all of `data` as text, so that nothing that is written wrongly stays unseen. */
const dump =
  'decision := {"valid": false, "reasons": [{"code": "InvalidTimeBox", "params": {"data": json.marshal(data.cluster)}}]}';
const question = { kind: "AzureIdentityBinding" as const, object: {} };

const noEntries: ClusterDocument = {
  identities: {},
  bindings: {},
  bindings_by_selector: {},
  bindings_by_namespace: {},
  grants: {},
  approvals: {},
  exceptions: {},
  namespaces: {},
};

const sections = Object.keys(noEntries);
const value = fc.jsonValue({ maxDepth: 3 }).filter((json) => JSON.stringify(json).isWellFormed());
const change: fc.Arbitrary<DataChange> = fc.record({
  section: fc.constantFrom(...sections),
  key: fc.constantFrom("a", "b/c", "ß", "", "__proto__", "10", 'quo"te'),
  value: fc.option(value, { nil: undefined }),
});
const step = fc.oneof(
  { weight: 9, arbitrary: fc.array(change, { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constant("reload" as const) },
);

test("after any changes the policy sees what it would see if all data were loaded at once", async () => {
  const bundle = await compile({ validate: dump });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const data = createClusterData();
    data.replace(noEntries);
    const engine = await createEngine(bundle, { nowMs: () => 0 }, data);
    for (const next of steps) {
      if (next === "reload") data.replace(noEntries);
      else data.change(next);
      const seen = engine.decide("validate", question).reasons[0]?.params["data"];
      assert.deepEqual(JSON.parse(seen ?? "null"), JSON.parse(data.toJson()));
    }
  });
  await fc.assert(property, { numRuns: 60, seed: 20_260_614 });
});

test("hands out patches until as much was patched as there is, then the whole", () => {
  const data = createClusterData();
  data.replace(noEntries);
  const entry = { section: "namespaces", key: "shop", value: "x".repeat(20_000) };
  const start = data.version();
  data.change([entry]);
  data.change([entry, entry]);
  assert.equal(data.since(start)?.length, 3);
  data.change([entry]);
  assert.equal(data.since(start), undefined);
  assert.deepEqual(data.since(data.version()), []);
});
