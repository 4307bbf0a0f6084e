import type { TestContext } from "node:test";

import { createController, type Controller } from "../../../src/controller/controller.ts";
import type { AzureIdentityBinding } from "../../../src/engine/resources.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createFakeDecider, type FakeDecider } from "./fake-decider.ts";
import { createFakeCluster, createFakeCompute, type FakeCluster, type FakeCompute } from "./fakes.ts";
import { makeIdentity, vmId, vmNode } from "./objects.ts";

/** A cluster with node vm-0 and identity shop/reader, ARM, a policy and a clock: all but the controller. */
export interface World {
  readonly clock: SimulatedClock;
  readonly cluster: FakeCluster;
  readonly compute: FakeCompute;
  readonly decider: FakeDecider;
  /** Boundaries so far that were declared and are none. */
  hintMismatches(): number;
  /** Stores a binding where policy and controller see it. */
  bind(binding: AzureIdentityBinding): void;
  createController(options?: { readonly namespaced?: boolean }): Controller;
  /** Names of the identities on VM `vm-0`. */
  onVm(): readonly string[];
  /** `name status` of all assigned identities, sorted. */
  objects(): readonly string[];
}

export function createWorld(at: string): World {
  const clock = createSimulatedClock(Date.parse(at));
  const cluster = createFakeCluster();
  const compute = createFakeCompute();
  const bindings = new Map<string, AzureIdentityBinding>();
  let hintMismatches = 0;
  const decider = createFakeDecider(() => [...bindings.values()]);
  cluster.put("Node", vmNode("vm-0"));
  cluster.put("AzureIdentity", makeIdentity("reader"));
  return {
    clock,
    cluster,
    compute,
    decider,
    hintMismatches: () => hintMismatches,
    bind: (binding) => {
      bindings.set(`${binding.namespace}/${binding.name}`, binding);
      cluster.put("AzureIdentityBinding", binding);
    },
    createController: ({ namespaced = false } = {}) =>
      createController({
        clock,
        log: createSilentLog(),
        cluster,
        decider,
        compute,
        namespaced,
        random: () => 0,
        onHintMismatch: () => void (hintMismatches += 1),
        statusTerms: { policyDigest: "digest", tzdata: "2026c" },
      }),
    onVm: () =>
      [...(compute.machines.get(vmId("vm-0").toLowerCase()) ?? [])].map((id) =>
        id.slice(id.lastIndexOf("/") + 1),
      ),
    objects: () =>
      cluster
        .list("AzureAssignedIdentity")
        .map(({ name, status }) => `${name} ${status.status}`)
        .toSorted(),
  };
}

/** Starts a controller that ends with the test, and waits until it has done what there is to do. */
export async function startController(
  t: TestContext,
  world: World,
  options: { readonly namespaced?: boolean } = {},
): Promise<Controller> {
  const controller = world.createController(options);
  t.after(() => controller.close());
  controller.start();
  await controller.settled();
  return controller;
}

/** Moves time in steps of at most a minute, letting the controller finish its work after each. */
export async function advance(world: World, controller: Controller, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 60_000) {
    world.clock.advance(Math.min(left, 60_000));
    await controller.settled();
  }
}
