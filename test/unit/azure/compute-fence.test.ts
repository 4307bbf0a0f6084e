import assert from "node:assert/strict";
import { it } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { createCompute } from "../../../src/azure/compute.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, serveScript } from "./loopback.ts";
import { managed, startMs, vm } from "./world.ts";

it("a change that may not be made any more is not sent, although it has waited for its turn and a token", async (t) => {
  const machine = { location: "westeurope", etag: "1", identity: { type: "UserAssigned" } };
  const arm = await serveScript(t, () => json(200, machine));
  const asked: string[] = [];
  const compute = createCompute({
    clock: createSimulatedClock(startMs),
    cloud: findCloud(""),
    credential: {
      getToken: async () => {
        asked.push("token");
        return { token: "eyJ0.canary.sig", expiresOnTimestamp: startMs + 3_600_000 };
      },
    },
    endpoints: { armUrl: arm.url },
    beforeChange: () => {
      asked.push("leadership");
      throw new Error("another leads");
    },
  });
  const { signal } = new AbortController();
  const result = await compute.changeIdentities(vm, { add: [managed("writer")], remove: [] }, signal);
  assert.ok(!result.ok);
  assert.equal(result.failure.kind, "unavailable");
  assert.match(result.failure.detail, /another leads$/);
  // Each request has its token first; of what was not sent, nothing has to be looked up.
  assert.deepEqual(asked, ["token", "token", "leadership"]);
  assert.deepEqual(
    arm.requests.map(({ method }) => method),
    ["GET"],
  );
});
