import assert from "node:assert/strict";
import { test } from "node:test";

import { z } from "zod";

import { reasonCodes } from "../../src/engine/reasons.ts";
import { runOpa } from "./opa.ts";

/** Codes that only host code gives, always to refuse more than the policy did. */
const hostCodes = [
  "UnknownCaller",
  "HostNetworkPod",
  "AmbiguousCaller",
  "NotFromNode",
  "UnknownPod",
  "MetadataBlocked",
  "TooManyHeld",
  "TooManyRequests",
  "PodReplaced",
  "PodExcepted",
  "TokenLifetimeTooShort",
  "TokenOverhang",
  "CredentialUnavailable",
  "UpstreamRefused",
  "UpstreamThrottled",
  "UpstreamUnavailable",
];

test("the host knows every reason of the policy, and adds only its own", () => {
  const policyCodes = z
    .array(z.string())
    .min(1)
    .parse(
      JSON.parse(runOpa(["eval", "--format", "raw", "-d", "policies/bundle", "data.podid.reasons.codes"])),
    );
  assert.deepEqual(reasonCodes.toSorted(), [...policyCodes, ...hostCodes].toSorted());
});
