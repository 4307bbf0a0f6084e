// CPU time of one decision: 1, 5 and 20 windowed candidates, in a small and in a large cluster.
import { readBundle } from "../src/engine/bundle.ts";
import { buildClusterDocument } from "../src/engine/cluster-document.ts";
import { createEngine, type Engine } from "../src/engine/engine.ts";
import type { AssignInput } from "../src/engine/input.ts";
import type { AzureIdentityBinding, ClusterResources, JsonObject } from "../src/engine/resources.ts";

import { cpuMicrosecondsPerCall } from "./measure.ts";

export interface DecisionRow {
  readonly candidates: number;
  readonly clusterBindings: number;
  readonly microseconds: number;
  /** 12 µs and 7.5 µs per candidate, as the spike of the design took. */
  readonly ratioToSpike: number;
}

/** Measures the assign decision in `bundlePath`. */
export async function measureDecisions(bundlePath: string): Promise<readonly DecisionRow[]> {
  const engine = await createEngine(await readBundle(bundlePath));
  const rows: DecisionRow[] = [];
  for (const clusterBindings of [20, 10_000]) {
    for (const candidates of [1, 5, 20]) {
      load(engine, candidates, clusterBindings);
      const microseconds = cpuMicrosecondsPerCall(() => {
        const { candidates: found } = engine.decide("assign", question);
        if (found.length !== candidates || found[0]?.inForce !== true) throw new Error("wrong answer");
      });
      rows.push({
        candidates,
        clusterBindings,
        microseconds,
        ratioToSpike: microseconds / (12 + 7.5 * candidates),
      });
    }
  }
  return rows;
}

const timeBox: JsonObject = {
  openWhen: "Schedule",
  timeZone: "Europe/Berlin",
  windows: [{ times: [{ start: "00:00", end: "01:00" }], weekdays: ["Mon..Fri"] }],
};

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

function load(engine: Engine, candidates: number, clusterBindings: number): void {
  const bindings = Array.from({ length: Math.max(candidates, clusterBindings) }, (_, i) =>
    binding(i, i < candidates ? "frontend" : `other-${i}`),
  );
  const resources: ClusterResources = {
    identities: bindings.map(({ spec }) => ({
      ...stored(spec.azureIdentity),
      spec: {
        type: 0,
        resourceID: `/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${spec.azureIdentity}`,
        clientID: spec.azureIdentity,
        objectID: "",
        tenantID: "",
        auxiliaryTenantIDs: [],
        adEndpoint: "",
        clientPassword: null,
        usableBy: null,
      },
    })),
    bindings,
    exceptions: [],
    namespaces: [],
  };
  engine.setData(buildClusterDocument(resources, () => ({ valid: true, reasons: [] })));
}

function binding(i: number, selector: string): AzureIdentityBinding {
  return {
    ...stored(`binding-${i}`),
    spec: { azureIdentity: `identity-${i}`, selector, weight: i % 7, match: null, timeBox },
  };
}

function stored(name: string): Omit<AzureIdentityBinding, "spec"> {
  return {
    namespace: "shop",
    name,
    uid: name,
    resourceVersion: "1",
    annotations: {},
    creationTimestamp: null,
  };
}
