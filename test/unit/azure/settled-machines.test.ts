import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { type Compute, createCompute } from "../../../src/azure/compute.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, type Script, serveScript } from "./loopback.ts";
import { drive, managed, startMs, vm } from "./world.ts";

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
): Promise<{ readonly clock: SimulatedClock; readonly compute: Compute }> {
  const left = [...gets];
  const arm = await serveScript(t, ({ method }) =>
    method === "PATCH" ? patch : (left.shift() ?? assert.fail("one GET more than expected")),
  );
  const clock = createSimulatedClock(startMs);
  const endpoints = { armUrl: arm.url };
  return {
    clock,
    compute: createCompute({ clock, cloud: findCloud(""), credential, endpoints, random: () => 0 }),
  };
}

/** What becomes of each change, and after how many seconds. */
async function outcomes(
  { clock, compute }: Awaited<ReturnType<typeof start>>,
  changes: readonly Parameters<Compute["changeIdentities"]>[1][],
): Promise<readonly string[]> {
  const kinds: string[] = [];
  for (const change of changes) {
    const startedMs = clock.monotonicMs();
    const result = await drive(clock, compute.changeIdentities(vm, change, signal));
    kinds.push(`${result.ok ? "ok" : result.failure.kind} ${(clock.monotonicMs() - startedMs) / 1000}`);
  }
  return kinds;
}

const keepReader = { add: [managed("reader")], remove: [] };
const dropWriter = { add: [], remove: [managed("writer")] };

describe("what a machine shows while something runs on it", () => {
  it("is not believed by a process that begins: its predecessor may have sent the opposite", async (t) => {
    const busy = Array.from({ length: 6 }, () => machine("Updating", ["reader"]));
    const { clock, compute } = await start(t, busy);
    assert.deepEqual(await outcomes({ clock, compute }, [keepReader]), ["conflict 31"]);
  });

  it("is waited out, and what is there in the end counts", async (t) => {
    const busy = machine("Updating", ["reader"]);
    const found = await start(t, [busy, busy, machine("Succeeded", ["reader"])]);
    assert.deepEqual(await outcomes(found, [keepReader]), ["ok 3"]);
  });

  it("is believed once the machine was seen at rest: then it is others who change it", async (t) => {
    const found = await start(t, [machine("Succeeded", ["reader"]), machine("Updating", ["reader"])]);
    assert.deepEqual(await outcomes(found, [keepReader, dropWriter]), ["ok 0", "ok 0"]);
  });

  it("is not believed either after a change of ours whose outcome is not known", async (t) => {
    const both = ["reader", "writer"];
    const found = await start(t, [
      machine("Succeeded", both),
      machine("Updating", both),
      machine("Updating", both),
      machine("Failed", both),
    ]);
    const keepWriter = { add: [managed("writer")], remove: [] };
    assert.deepEqual(await outcomes(found, [dropWriter, keepWriter]), ["unavailable 0", "ok 1"]);
  });
});
