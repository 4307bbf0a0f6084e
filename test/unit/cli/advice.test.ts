import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { adviseOn } from "../../../src/cli/advice.ts";
import { createPolicyFaults } from "../../../src/cli/policy-faults.ts";
import { EngineError } from "../../../src/engine/errors.ts";
import { isReasonCode, reasonCodes, type ReasonCode } from "../../../src/engine/reasons.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";

describe("advice", () => {
  // Given by NMI alone, about one request or about Azure: `podid explain` never meets these.
  const ofRequests = [
    "UnknownCaller",
    "AmbiguousCaller",
    "NotFromNode",
    "UnknownPod",
    "MetadataBlocked",
    "TooManyHeld",
    "TooManyRequests",
    "PodReplaced",
    "TokenLifetimeTooShort",
    "TokenOverhang",
    "CredentialUnavailable",
    "UpstreamRefused",
    "UpstreamThrottled",
    "UpstreamUnavailable",
  ];
  // Given about a manifest alone; its line in the folder's problems says what to do.
  const ofManifests = ["NothingSelected", "InvalidMatch", "InvalidGrant", "InvalidApproval"];

  it("is there for every reason that a person can do something about", () => {
    const silent = reasonCodes.filter((code) => isReasonCode(code) && adviseOn(code) === null);
    assert.deepEqual(new Set(silent), new Set([...ofManifests, ...ofRequests]));
  });

  const waits: readonly ReasonCode[] = [
    "BeforeNotBefore",
    "DurationNotStarted",
    "Excluded",
    "OutsideSchedule",
  ];
  for (const code of waits) {
    it(`does not say to wait for what never opens again: ${code}`, () => {
      assert.match(adviseOn(code) ?? "", /\bwait\b/);
      const inVain = adviseOn(code, { mayOpen: false }) ?? "";
      assert.match(inVain, /^it never opens again, as far as 800 days show: change spec\.timeBox/);
      assert.doesNotMatch(inVain, /wait/);
    });
  }

  it("is the same for any other reason, whether or not it opens again", () => {
    for (const code of reasonCodes.filter(isReasonCode)) {
      if (waits.includes(code)) continue;
      assert.equal(adviseOn(code, { mayOpen: false }), adviseOn(code));
    }
  });

  it("names the log line that a daemon writes, and nothing that only a checkout has", () => {
    const text = adviseOn("PolicyError") ?? "";
    const [, named = assert.fail(text)] = /"(.+)"/.exec(text) ?? [];
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const log = createLog({ clock: createSimulatedClock(0), level: "info", component: "nmi", destination });
    createPolicyFaults(log).report(new EngineError("EvaluationFailed", "podid/token/decision failed"));
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).msg),
      [named],
    );
    assert.doesNotMatch(text, /make build/);
  });

  it("is silent when there is no reason", () => {
    assert.equal(adviseOn(undefined), null);
  });
});
