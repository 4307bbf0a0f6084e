import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { type Compute, createCompute } from "../../../src/azure/compute.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, type Script, serveScript } from "./loopback.ts";
import { managed, startMs, vm } from "./world.ts";

const signal = new AbortController().signal;
const credential = { getToken: async () => ({ token: "eyJ0", expiresOnTimestamp: startMs + 3_600_000 }) };

function machine(provisioningState: string, names: readonly string[]): Script {
  const userAssignedIdentities = Object.fromEntries(names.map((name) => [managed(name), {}]));
  return json(200, {
    location: "westeurope",
    identity: { type: "UserAssigned", userAssignedIdentities },
    properties: { provisioningState },
  });
}

async function start(
  t: TestContext,
  gets: readonly Script[],
  patch: Script = json(503, {}),
): Promise<Compute> {
  const left = [...gets];
  const arm = await serveScript(t, ({ method }) =>
    method === "PATCH" ? patch : (left.shift() ?? assert.fail("one GET more than expected")),
  );
  const clock = createSimulatedClock(startMs);
  return createCompute({ clock, cloud: findCloud(""), credential, endpoints: { armUrl: arm.url } });
}

async function outcomes(
  compute: Compute,
  changes: readonly Parameters<Compute["changeIdentities"]>[1][],
): Promise<readonly string[]> {
  const kinds: string[] = [];
  for (const change of changes) {
    const result = await compute.changeIdentities(vm, change, signal);
    kinds.push(result.ok ? "ok" : result.failure.kind);
  }
  return kinds;
}

const keepReader = { add: [managed("reader")], remove: [] };
const dropWriter = { add: [], remove: [managed("writer")] };

describe("what a machine shows while something runs on it", () => {
  it("is not believed by a process that begins: its predecessor may have sent the opposite", async (t) => {
    const compute = await start(t, [machine("Updating", ["reader"]), machine("Updating", ["reader"])]);
    assert.deepEqual(await outcomes(compute, [keepReader, dropWriter]), ["conflict", "conflict"]);
  });

  it("is believed once the machine was seen at rest: then it is others who change it", async (t) => {
    const compute = await start(t, [
      machine("Updating", ["reader"]),
      machine("Succeeded", ["reader"]),
      machine("Updating", ["reader"]),
    ]);
    assert.deepEqual(await outcomes(compute, [keepReader, keepReader, dropWriter]), ["conflict", "ok", "ok"]);
  });

  it("is not believed either after a change of ours whose outcome is not known", async (t) => {
    const compute = await start(t, [
      machine("Succeeded", ["reader", "writer"]),
      machine("Updating", ["reader", "writer"]),
      machine("Failed", ["reader", "writer"]),
    ]);
    const keepWriter = { add: [managed("writer")], remove: [] };
    const changes = [dropWriter, keepWriter, keepWriter];
    assert.deepEqual(await outcomes(compute, changes), ["unavailable", "conflict", "ok"]);
  });
});
