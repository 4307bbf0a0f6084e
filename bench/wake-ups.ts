// CPU time of finding when a pod's identity opens or closes next.
import { readPolicy } from "../src/cli/policy.ts";
import { buildClusterDocument } from "../src/engine/cluster-document.ts";
import { createEngine } from "../src/engine/engine.ts";
import { findOpening } from "../src/engine/questions.ts";
import type { AzureIdentityBinding, JsonObject, Pod } from "../src/engine/resources.ts";
import { instantFromSeconds } from "../src/timebox/instant.ts";

import { bindingOf, checkWith, clusterOf, nightly } from "./cluster.ts";
import { cpuMicrosecondsPerCall } from "./measure.ts";

export interface WakeUpRow {
  readonly what: string;
  /** Instants that the policy was asked about. */
  readonly probes: number;
  readonly questions: number;
  readonly milliseconds: number;
}

const now = instantFromSeconds(1_781_472_600); // 2026-06-14T21:30:00Z, Sunday 23:30 in Berlin

/** Opens on one day of the year, 363 days off. */
const yearly: JsonObject = {
  ...nightly,
  windows: [{ times: [{ start: "00:00", end: "01:00" }], dates: ["06-12"] }],
};
/** Closed until the search gives up after 800 days, but with edges on each of them. */
const shut: JsonObject = {
  ...nightly,
  exclusions: [{ months: ["Jan..Dec"], times: [{ start: "00:00", end: "24:00" }] }],
};

const cases: readonly { readonly what: string; readonly boxes: readonly JsonObject[] }[] = [
  { what: "1 binding, opens within 8 days", boxes: [nightly] },
  { what: "20 bindings, open within 8 days", boxes: Array.from({ length: 20 }, () => nightly) },
  { what: "1 binding, opens within a year", boxes: [yearly] },
  { what: "1 binding, shut for 800 days", boxes: [shut] },
];

/** Measures the search over the bindings of one identity of a pod. */
export async function measureWakeUps(bundlePath: string): Promise<readonly WakeUpRow[]> {
  const engine = await createEngine(await readPolicy(bundlePath), { nowMs: () => performance.now() });
  return cases.map(({ what, boxes }) => {
    const bindings = boxes.map((timeBox, i) => bindingWith(timeBox, i));
    engine.setData(buildClusterDocument(clusterOf(bindings), checkWith(engine)));
    let probes = 0;
    let questions = 0;
    const counting: typeof engine = {
      ...engine,
      decide: (entrypoint, input) => {
        questions += 1;
        if ("probes" in input) probes += input.probes.length;
        return engine.decide(entrypoint, input);
      },
    };
    const search = { pod, bindings, now, namespaced: false, access: { list: () => [] } };
    findOpening(counting, search);
    const milliseconds = cpuMicrosecondsPerCall(() => findOpening(engine, search), 5, 20) / 1000;
    return { what, probes, questions, milliseconds };
  });
}

const pod: Pod = {
  namespace: "shop",
  name: "frontend-0",
  uid: "u",
  labels: { aadpodidbinding: "frontend" },
  annotations: {},
  serviceAccount: "frontend",
  node: "node-0",
  phase: "Running",
  startTime: "2026-06-01T00:00:00Z",
  addresses: [],
  hostNetwork: false,
};

function bindingWith(timeBox: JsonObject, i: number): AzureIdentityBinding {
  return bindingOf({ namespace: "shop", name: `binding-${i}`, selector: "frontend", timeBox });
}
