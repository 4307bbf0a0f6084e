import type { TestContext } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import { type Compute, createCompute } from "../../../src/azure/compute.ts";
import type { Credential } from "../../../src/azure/credential.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, type Loopback, type Script, serveScript } from "./loopback.ts";
import { managed, startMs } from "./world.ts";

export const cloud = findCloud("");
export const signal = new AbortController().signal;
export const change = { add: [managed("writer")], remove: [] };
export const operation = "https://management.azure.com/subscriptions/s/operations/1?api-version=2026-04-01";
/** The answer to a PATCH whose operation is to be followed. */
export const accepted = json(202, {}, { "azure-asyncoperation": operation, "retry-after": "1" });
const credential: Credential = {
  getToken: async () => ({ token: "eyJ0.canary.sig", expiresOnTimestamp: startMs + 3_600_000 }),
};

interface Fixture {
  readonly clock: SimulatedClock;
  readonly compute: Compute;
  readonly arm: Loopback;
}

interface ArmScript {
  /** Every read; without it reads show `reader`, and `after` once a PATCH was accepted. */
  readonly get?: Script;
  /** In order; the last one stays. */
  readonly patches?: readonly Script[];
  /** Polls of the operation URL in order; further ones are reset. */
  readonly polls?: readonly Script[];
  readonly after?: readonly string[];
}

/** ARM that answers by method, and what calls it. */
export async function start(
  t: TestContext,
  script: ArmScript,
  options: Partial<Parameters<typeof createCompute>[0]> = {},
): Promise<Fixture> {
  const polls = [...(script.polls ?? [json(200, { status: "Succeeded" })])];
  const patches = [...(script.patches ?? [accepted])];
  const shown = { names: ["reader"] as readonly string[] };
  const arm = await serveScript(t, ({ method, target }) => {
    if (target.includes("/operations/")) return polls.shift() ?? "reset";
    if (method !== "PATCH") return script.get ?? machine(shown.names);
    const [answer = accepted] = patches.length > 1 ? patches.splice(0, 1) : patches;
    if (typeof answer === "object" && answer.status < 300) shown.names = script.after ?? ["reader", "writer"];
    return answer;
  });
  const clock = createSimulatedClock(startMs);
  const compute = createCompute({ clock, cloud, credential, endpoints: { armUrl: arm.url }, ...options });
  return { clock, compute, arm };
}

/** A machine with the managed identities of these names; `fields` are further ones of its body. */
export function machine(names: readonly string[], fields: object = {}): Script {
  const userAssignedIdentities = Object.fromEntries(names.map((name) => [managed(name), {}]));
  return json(200, {
    location: "westeurope",
    etag: "1",
    identity: { type: "UserAssigned", userAssignedIdentities },
    ...fields,
  });
}

/** Methods of the calls in order; those for operations are polls. */
export function methods(arm: Loopback): readonly string[] {
  return arm.requests.map(({ method, target }) => (target.includes("/operations/") ? "poll" : method));
}

/** The body of an error answer. */
export const armError = (code: string, message: string): object => ({ error: { code, message } });
