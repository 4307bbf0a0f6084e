import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { createPolicyFaults } from "../../../src/cli/policy-faults.ts";
import { readBundle } from "../../../src/engine/bundle.ts";
import { createClusterDecider } from "../../../src/engine/cluster-decider.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { shippedPolicyFiles, withArchive } from "../../unit/engine/compiled-policy.ts";
import { startBoundPod, web } from "../../unit/nmi/bound-pod.ts";
import type { Daemon } from "../../unit/nmi/daemon.ts";
import { assigned, identity, pod } from "../../unit/nmi/memory-resources.ts";
import { judged } from "./judged.ts";

/** The source addresses of two pods that the user's rule cannot deal with. */
const odd = { looping: "127.0.0.3", hungry: "127.0.0.4" } as const;

/** What a user may write: right for most pods, endless for some. */
const userRules = `package custom

deny contains {"rule": "loops"} if {
	input.pod.labels.app == "looping"
	some a in _wide
	some b in _wide
	some c in _wide
	c < 0
	a < b
}

deny contains {"rule": "eats"} if {
	input.pod.labels.app == "hungry"
	count(numbers.range(0, 100000000)) < 0
}

_wide := numbers.range(1, 3000)
`;

interface World {
  readonly daemon: Daemon;
  /** How long each decision so far took. */
  readonly decisionMs: readonly number[];
}

/** More than the daemons use: here a busy machine must not make the others late. */
const deadlineMs = 120;

/** NMI on the shipped policy and the user's rules; pod web is like any other, the other two are odd. */
async function start(t: TestContext): Promise<World> {
  const files = { ...shippedPolicyFiles(), "custom/deny/deny.rego": userRules };
  const faults = createPolicyFaults(createSilentLog());
  const decisionMs: number[] = [];
  const engine = await createEngine(await withArchive(files, readBundle), {
    nowMs: () => performance.now(),
    onFault: (fault) => faults.report(fault),
    userRulesDeadlineMs: deadlineMs,
    onDecision: ({ durationMs }) => void decisionMs.push(durationMs),
  });
  t.after(() => engine.close());
  const daemon = await startBoundPod({
    decider: (resources) => createClusterDecider(engine, judged(resources)),
    metrics: faults.countIn(createMetrics()),
  });
  t.after(() => daemon.nmi.close());
  for (const [app, address] of Object.entries(odd)) {
    daemon.resources.put("Pod", pod(app, address, { labels: { aadpodidbinding: "web", app } }));
    daemon.resources.put("AzureAssignedIdentity", assigned(app, identity("reader")));
  }
  return { daemon, decisionMs };
}

for (const [app, address] of Object.entries(odd)) {
  test(`a ${app} rule costs its pod the token and nobody else, and metrics say so`, async (t) => {
    const { daemon, decisionMs } = await start(t);
    assert.equal((await daemon.askToken(web)).status, 200);

    const answer = daemon.askToken(address);
    const others = await Promise.all([daemon.askToken(web), daemon.askToken(web)]);
    assert.deepEqual(
      others.map(({ status }) => status),
      [200, 200],
    );
    assert.equal((await answer).status, 403);
    assert.match((await answer).text, /PolicyError/);
    assert.ok(Math.max(...decisionMs) < 3 * deadlineMs, `decisions took ${decisionMs.join(", ")} ms`);

    for (let i = 0; i < 20; i += 1) assert.equal((await daemon.askToken(address)).status, 403);
    assert.equal((await daemon.askToken(web)).status, 200);
    const { text } = await daemon.metrics.render();
    assert.match(text, /^podid_policy_timeouts_total 1$/m);
    assert.match(text, /^podid_policy_faults_total\{code="DeadlineExceeded"\} 1$/m);
    assert.match(text, /^podid_policy_faults_total\{code="Quarantined"\} [1-9]/m);
  });
}
