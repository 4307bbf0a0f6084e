// CPU time of one decision, by how many bindings select the pod and how many there are.
import { readPolicy } from "../src/cli/policy.ts";
import { buildClusterDocument } from "../src/engine/cluster-document.ts";
import { createEngine } from "../src/engine/engine.ts";
import type { AssignInput } from "../src/engine/input.ts";
import type { AzureIdentityBinding, JsonObject } from "../src/engine/resources.ts";

import { bindingOf, checkWith, clusterOf } from "./cluster.ts";
import { cpuMicrosecondsPerCall } from "./measure.ts";

export interface DecisionRow {
  /** How the bindings select. */
  readonly by: "label" | "match";
  /** Bindings that select the pod; each has a window. */
  readonly candidates: number;
  /** Bindings by `match` in the pod's namespace; all are looked at. */
  readonly inNamespace: number;
  readonly inCluster: number;
  readonly microseconds: number;
  /** 15 µs, and 8 µs for each binding that the policy looks at. */
  readonly ratioToTarget: number;
}

type Shape = Pick<DecisionRow, "by" | "candidates" | "inNamespace">;

const shapes: readonly Shape[] = [
  { by: "label", candidates: 1, inNamespace: 0 },
  { by: "label", candidates: 5, inNamespace: 0 },
  { by: "label", candidates: 20, inNamespace: 0 },
  { by: "match", candidates: 1, inNamespace: 1 },
  { by: "match", candidates: 20, inNamespace: 20 },
  { by: "match", candidates: 1, inNamespace: 500 },
  { by: "match", candidates: 500, inNamespace: 500 },
];

/** Measures the assign decision of `bundlePath` in a small and in a large cluster. */
export async function measureDecisions(bundlePath: string): Promise<readonly DecisionRow[]> {
  const engine = await createEngine(await readPolicy(bundlePath), { nowMs: () => performance.now() });
  const rows: DecisionRow[] = [];
  for (const shape of shapes) {
    for (const inCluster of [shape.candidates, 10_000]) {
      const resources = clusterOf(bindingsFor(shape, inCluster));
      engine.setData(buildClusterDocument(resources, checkWith(engine)));
      const ask = (): void => {
        const { candidates } = engine.decide("assign", question);
        if (candidates.length !== shape.candidates || candidates[0]?.inForce !== true)
          throw new Error("wrong answer");
      };
      const microseconds = cpuMicrosecondsPerCall(ask, 15, Math.ceil(2000 / (shape.candidates + 5)));
      const ratioToTarget = microseconds / (15 + 8 * Math.max(shape.candidates, shape.inNamespace));
      rows.push({ ...shape, inCluster: resources.bindings.length, microseconds, ratioToTarget });
    }
  }
  return rows;
}

const question: AssignInput = {
  now: 1_781_475_000_000_000_000, // 2026-06-14T22:10:00Z, Monday 00:10 in Berlin
  probes: [],
  pod: {
    namespace: "shop",
    name: "frontend-0",
    uid: "u",
    labels: { aadpodidbinding: "frontend", app: "frontend" },
    annotations: {},
    serviceAccount: "frontend",
    node: "node-0",
    phase: "Running",
  },
  mode: { namespaced: false },
};

const selecting: JsonObject = { podSelector: { matchLabels: { app: "frontend" } } };
const passing: JsonObject = { podSelector: { matchLabels: { app: "other" } } };

function bindingsFor(
  { by, candidates, inNamespace }: Shape,
  inCluster: number,
): readonly AzureIdentityBinding[] {
  const total = Math.max(candidates, inNamespace, inCluster);
  return Array.from({ length: total }, (_, i) => {
    const common = { name: `binding-${i}`, weight: i % 7 };
    if (by === "label")
      return bindingOf({
        ...common,
        namespace: "shop",
        selector: i < candidates ? "frontend" : `other-${i}`,
      });
    if (i >= inNamespace) return bindingOf({ ...common, namespace: `team-${i % 50}`, match: selecting });
    return bindingOf({ ...common, namespace: "shop", match: i < candidates ? selecting : passing });
  });
}
