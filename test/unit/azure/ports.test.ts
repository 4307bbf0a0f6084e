import assert from "node:assert/strict";
import { it } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { createCompute } from "../../../src/azure/compute.ts";
import { createSecretCredential } from "../../../src/azure/credential.ts";
import { createPlatformMetadata } from "../../../src/azure/platform-metadata.ts";
import { createTokenSource } from "../../../src/azure/token-source.ts";
import type { Compute } from "../../../src/controller/ports.ts";
import type { PlatformMetadata, TokenSource } from "../../../src/nmi/ports.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { appClientID, appSecret, startMs, tenantID } from "./world.ts";

it("fits the ports of NMI and controller, and starts nothing when it is made", () => {
  const clock = createSimulatedClock(startMs);
  const cloud = findCloud("AzurePublicCloud");
  const app = { tenantID, clientID: appClientID, clientSecret: appSecret };
  const credential = createSecretCredential({ clock, cloud, ...app });
  const tokens: TokenSource = createTokenSource({ clock, cloud, readSecret: async () => undefined });
  const platform: PlatformMetadata = createPlatformMetadata({ clock });
  const compute: Compute = createCompute({ clock, cloud, credential });
  assert.deepEqual(
    [tokens, platform, compute].flatMap((port) => Object.keys(port)),
    ["acquire", "fetchToken", "fetchMetadata", "getIdentities", "changeIdentities"],
  );
  assert.equal(clock.nextTimerInMs(), null);
});
