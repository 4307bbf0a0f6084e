import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { z } from "zod";

import { shippedPolicyFiles, withArchive } from "../../unit/engine/compiled-policy.ts";
import { runPodid, type Finished } from "../podid.ts";
import { explanationSchema } from "./explanation-schema.ts";

const at = "2026-06-14T10:00:00Z";

/** Explains a pod by the policy that ships, with these rules beside it. */
function explainBy(rules: string, ...flags: readonly string[]): Promise<Finished> {
  const files = { ...shippedPolicyFiles(), "custom/rules.rego": `package custom\n\n${rules}\n` };
  const args = ["explain", "pod", "shop/worker-0", "--manifests", "demo", "--at", at];
  return withArchive(files, (policy) => runPodid(...args, "--policy", policy, ...flags));
}

async function explainJson(rules: string): Promise<z.infer<typeof explanationSchema>> {
  const { exitCode, stdout, errorLines } = await explainBy(rules, "-o", "json");
  assert.equal(exitCode, 0, errorLines.join("\n"));
  return explanationSchema.parse(JSON.parse(stdout));
}

/** Closes at 11:00:30 what the demo leaves open. */
const freeze = `deny contains {"rule": "freeze"} if input.now >= time.parse_rfc3339_ns("2026-06-14T11:00:30Z")`;

describe("podid explain by a policy with custom rules", { concurrency: 2 }, () => {
  const rows = {
    "that say nothing of their boundaries": {
      hints: "",
      customRules: { askAgainAt: "2026-06-14T10:01:00Z", because: "unknown" },
    },
    "that want to be asked every ten minutes": {
      hints: `hints := {"recheckAfter": 600000000000}`,
      customRules: { askAgainAt: "2026-06-14T10:10:00Z", because: "recheckAfter" },
    },
    "that declare their boundary": {
      hints: `hints := {"nextTransition": time.parse_rfc3339_ns("2026-06-14T11:00:30Z")}`,
      customRules: { askAgainAt: "2026-06-14T11:00:30Z", because: "declared" },
    },
    "that lie": {
      hints: `hints := {"nextTransition": time.parse_rfc3339_ns("2026-06-14T18:00:00Z")}`,
      customRules: { askAgainAt: "2026-06-14T10:01:00Z", because: "unknown" },
    },
  };
  for (const [what, { hints, customRules }] of Object.entries(rows)) {
    it(`says when it is asked again: rules ${what}`, async () => {
      assert.deepEqual((await explainJson(`${freeze}\n\n${hints}`)).customRules, customRules);
    });
  }

  it("is not said to change never where nothing is known of that", async () => {
    const { stdout } = await explainBy(freeze);
    assert.match(stdout, /^custom +rules take part, .* asked again every 60 s$/m);
    assert.match(stdout, /^shop\/queue-writer .* unknown +none/m);
  });

  it("says what the policy failed of, and no untruth about bindings", async () => {
    const endless = `deny contains {"rule": "loops"} if {
\tinput.pod.name == "worker-0"
\tsome a in numbers.range(1, 3000)
\tsome b in numbers.range(1, 3000)
\tsome c in numbers.range(1, 3000)
\ta + b + c < 0
}`;
    const { exitCode, stdout } = await explainBy(endless);
    assert.equal(exitCode, 0);
    assert.doesNotMatch(stdout, /No binding selects/);
    assert.match(stdout, /^token +403 denied\n +PolicyError: the policy gave no usable answer$/m);
    // Whichever comes first on this machine: the end of patience, or of memory.
    const fault = /podid\/assign\/decision (?:took longer than \d+ ms|failed: opa_malloc: failed)$/m;
    assert.match(stdout, fault);
    assert.match(stdout, /^fault +podid/m);
    assert.match(stdout, /^fix +mend what the fault names/m);
    const { identities, policyFault } = await explainJson(endless);
    assert.deepEqual(identities, []);
    assert.match(policyFault ?? "", fault);
  });
});
