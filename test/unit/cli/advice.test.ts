import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { adviseOn } from "../../../src/cli/advice.ts";
import { isReasonCode, reasonCodes } from "../../../src/engine/reasons.ts";

describe("advice", () => {
  // Given by NMI alone, about one request or about Azure: `podid explain` never meets these.
  const ofRequests = [
    "UnknownCaller",
    "AmbiguousCaller",
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

  it("is silent when there is no reason", () => {
    assert.equal(adviseOn(undefined), null);
  });
});
