import assert from "node:assert/strict";
import { test } from "node:test";

import { readBundle } from "../../../src/engine/bundle.ts";
import { createClusterDecider } from "../../../src/engine/cluster-decider.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import { shippedPolicyFiles, withArchive } from "../../unit/engine/compiled-policy.ts";
import { startBoundPod, web } from "../../unit/nmi/bound-pod.ts";
import { judged } from "./judged.ts";

/** Closes at 12:14, and declares some boundary; the pod asks at 12:10. */
const lunch = `package custom

deny contains {"rule": "lunch"} if input.now >= time.parse_rfc3339_ns("2026-06-14T12:14:00Z")
`;

const rules = (declared: string): string =>
  `${lunch}\nhints := {"nextTransition": time.parse_rfc3339_ns("${declared}")}\n`;

const rows = {
  honest: { custom: rules("2026-06-14T12:14:00Z"), toldSeconds: "240", mismatches: 0 },
  lying: { custom: rules("2026-06-14T18:00:00Z"), toldSeconds: "60", mismatches: 1 },
  silent: { custom: lunch, toldSeconds: "60", mismatches: 0 },
  // Undefined until lunch, so that nothing in the answer shows that there is a rule at all.
  "silent and still undefined": { custom: lunch.replace("contains", ":="), toldSeconds: "60", mismatches: 0 },
};

for (const [what, { custom, toldSeconds, mismatches }] of Object.entries(rows)) {
  test(`a token lives as long as ${what} custom rules are believed, and a metric counts lies`, async (t) => {
    const files = { ...shippedPolicyFiles(), "custom/deny/deny.rego": custom };
    const engine = await createEngine(await withArchive(files, readBundle), {
      nowMs: () => performance.now(),
      userRulesDeadlineMs: 10_000,
    });
    t.after(() => engine.close());
    const daemon = await startBoundPod({
      decider: (resources) => {
        const decider = createClusterDecider(engine, judged(resources));
        t.after(() => decider.close());
        return decider;
      },
    });
    t.after(() => daemon.nmi.close());
    const answer = await daemon.askToken(web);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json["expires_in"], toldSeconds);
    const { text } = await daemon.metrics.render();
    assert.match(text, new RegExp(`^podid_policy_hint_mismatch_total ${mismatches}$`, "m"));
  });
}
