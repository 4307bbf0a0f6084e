import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import * as fc from "fast-check";

import { readPolicy } from "../../../src/cli/policy.ts";
import { shippedFiles } from "../../../src/cli/paths.ts";
import { createPodAnswers } from "../../../src/controller/pod-answers.ts";
import { type ClusterSource, createClusterDecider } from "../../../src/engine/cluster-decider.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import type { AzureIdentity, AzureIdentityBinding, JsonObject, Pod } from "../../../src/engine/resources.ts";
import { instantFromMs } from "../../../src/timebox/instant.ts";
import { createFakeCluster, type FakeCluster } from "./fakes.ts";
import { makeBinding, makeIdentity, makePod } from "./objects.ts";

const now = instantFromMs(Date.parse("2026-06-14T12:00:00Z"));
const selectors = ["reader", "writer", ""] as const;
const namespaces = ["shop", "bank"] as const;
const matches: readonly (JsonObject | null)[] = [
  null,
  { pods: ["a"] },
  { podSelector: { matchLabels: { app: "web" } } },
];
const pods: readonly Pod[] = namespaces.flatMap((namespace) => [
  makePod("a", { namespace }),
  makePod("b", { namespace, labels: { aadpodidbinding: "writer", app: "web" } }),
  makePod("c", { namespace, labels: { app: "web" } }),
]);

/** The policy that ships, asked for pods through kept answers; `isShipped` says what it is taken for. */
async function start(t: TestContext, isShipped = true) {
  const engine = await createEngine(await readPolicy(shippedFiles.bundle), { nowMs: () => 0 });
  const cluster = createFakeCluster();
  const identities = namespaces.map((namespace) => makeIdentity("reader", { namespace }));
  for (const identity of identities) cluster.put("AzureIdentity", identity);
  const decider = createClusterDecider(engine, sourceOf(cluster, identities));
  const asked: string[] = [];
  const answers = createPodAnswers({
    cluster,
    namespaced: false,
    decider: {
      ...decider,
      isShipped: () => isShipped,
      decide: (entrypoint, input) => {
        if (entrypoint === "assign" && "pod" in input) asked.push(`${input.pod.namespace}/${input.pod.name}`);
        return decider.decide(entrypoint, input);
      },
    },
  });
  const stop = answers.follow();
  t.after(async () => {
    stop();
    decider.close();
    await engine.close();
  });
  const fresh = (pod: Pod) => createPodAnswers({ cluster, decider, namespaced: false }).of(pod, now);
  return { cluster, answers, asked, fresh };
}

/** What decisions depend on: the bindings of `cluster`, and identities that stay. */
function sourceOf(cluster: FakeCluster, identities: readonly AzureIdentity[]): ClusterSource {
  const held: Readonly<Record<string, () => readonly object[]>> = {
    AzureIdentity: () => identities,
    AzureIdentityBinding: () => cluster.list("AzureIdentityBinding"),
  };
  return {
    // Overloads by kind cannot be written as one generic function without a cast; an any-typed table is none.
    list: (kind: string): never[] => JSON.parse(JSON.stringify(held[kind]?.() ?? [])),
    subscribe: (listener) => cluster.subscribe(listener),
  };
}

interface Step {
  readonly name: string;
  readonly namespace: string;
  readonly selector: string;
  readonly match: JsonObject | null;
  readonly weight: number;
  readonly isGone: boolean;
  /** Else several changes come together. */
  readonly isLooked: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  name: fc.constantFrom("one", "two", "three"),
  namespace: fc.constantFrom(...namespaces),
  selector: fc.constantFrom(...selectors),
  match: fc.constantFrom(...matches),
  weight: fc.nat(2),
  isGone: fc.boolean(),
  isLooked: fc.boolean(),
});

function change(cluster: FakeCluster, { name, namespace, isGone, selector, match, weight }: Step): void {
  if (isGone) cluster.remove("AzureIdentityBinding", `${namespace}/${name}`);
  else
    cluster.put(
      "AzureIdentityBinding",
      bindingOf(namespace, name, { azureIdentity: "reader", selector, match, weight }),
    );
}

function bindingOf(
  namespace: string,
  name: string,
  spec: Partial<AzureIdentityBinding["spec"]>,
): AzureIdentityBinding {
  const binding = makeBinding("reader");
  return { ...binding, namespace, name, uid: `${namespace}-${name}`, spec: { ...binding.spec, ...spec } };
}

test("answers that are kept while bindings come, change and go are those that the policy gives now", async (t) => {
  const { cluster, answers, fresh } = await start(t);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      for (const one of steps) {
        change(cluster, one);
        if (!one.isLooked) continue;
        for (const pod of pods) assert.deepEqual(answers.of(pod, now), fresh(pod));
      }
      for (const pod of pods) assert.deepEqual(answers.of(pod, now), fresh(pod));
    }),
    { numRuns: 150 },
  );
});

test("the policy that ships is asked only about pods that a changed binding can select, now or before", async (t) => {
  const { cluster, answers, asked } = await start(t);
  const askedAfter = (namespace: string, spec: Partial<AzureIdentityBinding["spec"]>): readonly string[] => {
    cluster.put("AzureIdentityBinding", bindingOf(namespace, "one", spec));
    asked.length = 0;
    for (const pod of pods) answers.of(pod, now);
    return asked.toSorted();
  };
  for (const pod of pods) answers.of(pod, now);
  assert.deepEqual(askedAfter("shop", { selector: "reader" }), ["bank/a", "shop/a"]);
  assert.deepEqual(askedAfter("shop", { selector: "writer" }), ["bank/a", "bank/b", "shop/a", "shop/b"]);
  assert.deepEqual(askedAfter("shop", { selector: "", match: { pods: ["c"] } }), [
    "bank/b",
    "shop/a",
    "shop/b",
    "shop/c",
  ]);
});

test("custom rules, which may select by anything, are asked about all pods", async (t) => {
  const { cluster, answers, asked } = await start(t, false);
  for (const pod of pods) answers.of(pod, now);
  asked.length = 0;
  cluster.put("AzureIdentityBinding", bindingOf("shop", "one", { selector: "reader" }));
  for (const pod of pods) answers.of(pod, now);
  assert.equal(asked.length, pods.length);
});
