import assert from "node:assert/strict";
import { it } from "node:test";

import { createManagedIdentityTokens } from "../../../src/azure/managed-identity.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, serveScript } from "./loopback.ts";
import { identity, startMs } from "./world.ts";

// MSAL looks at the environment once per process, hence a test file, which is a process, of its own.
it("follows no variable that redirects managed identities, and says so", async (t) => {
  const elsewhere = await serveScript(t, () => json(200, { access_token: "eyJ0.canary.sig" }));
  process.env["IDENTITY_ENDPOINT"] = `${elsewhere.url}/msi/token`;
  process.env["IDENTITY_HEADER"] = "canary";
  t.after(() => {
    delete process.env["IDENTITY_ENDPOINT"];
    delete process.env["IDENTITY_HEADER"];
  });
  const tokens = createManagedIdentityTokens({
    clock: createSimulatedClock(startMs),
    imdsUrl: elsewhere.url,
  });
  const signal = new AbortController().signal;
  const result = await tokens({ identity: identity(), resource: "https://vault.azure.net", signal });
  assert.ok(!result.ok);
  assert.equal(result.failure.kind, "unavailable");
  assert.match(result.failure.detail, /unset IDENTITY_ENDPOINT, MSI_ENDPOINT$/);
  assert.deepEqual(elsewhere.requests, []);
});
