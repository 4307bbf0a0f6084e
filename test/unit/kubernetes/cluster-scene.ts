import type { TestContext } from "node:test";

import {
  createClusterSource,
  type ClusterSource,
  type ClusterSourceOptions,
} from "../../../src/kubernetes/cluster-source.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import {
  bookmark,
  createScriptedApi,
  eventLine,
  type ScriptedApi,
  type ScriptedWatch,
} from "./scripted-api.ts";

export interface Scene {
  readonly server: ScriptedApi;
  readonly clock: SimulatedClock;
  readonly source: ClusterSource;
}

/** A source that follows a server which the test plays. */
export function start(t: TestContext, options: Partial<ClusterSourceOptions> = {}): Scene {
  const server = createScriptedApi();
  const clock = createSimulatedClock(Date.UTC(2026, 0, 1));
  const source = createClusterSource({
    api: server.api,
    clock,
    log: createSilentLog(),
    random: () => 0.5,
    kinds: ["AzurePodIdentityException"],
    recordEvent: () => {},
    ...options,
  });
  t.after(() => source.close());
  return { server, clock, source };
}

/** Ends the initial state of every watch; answers the watches. */
export async function sync(
  { server, source }: Scene,
  ...names: readonly string[]
): Promise<readonly ScriptedWatch[]> {
  await server.settle();
  for (const watch of server.watches) {
    watch.open();
    for (const name of names) watch.line(eventLine("ADDED", name, "5"));
    watch.line(bookmark("5", { endsInitialEvents: true }));
  }
  await source.synced();
  return server.watches;
}

/** Moves on second by second, so that questions and their answers keep their order. */
export async function pass({ server, clock }: Scene, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i += 1) {
    clock.advance(1000);
    await server.settle();
  }
}
