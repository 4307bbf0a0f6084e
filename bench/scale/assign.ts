import { setTimeout as sleep } from "node:timers/promises";

import { startControlPlane } from "../../test/control-plane/control-plane.ts";
import type { DaemonProcess } from "../../test/integration/kubernetes/daemon-process.ts";
import { readWrites, sumOf, writesBetween, type Writes } from "./api-writes.ts";
import { watchAssigned } from "./assigned-watch.ts";
import { measureBareWrites } from "./bare-writes.ts";
import { useOf } from "./process-stat.ts";
import { type PodPlace, type ScaleWorld, type Shape, startScaleWorld } from "./world.ts";

export interface AssignRow {
  readonly pods: number;
  readonly placement: Placement;
  /** From the first binding to the last Assigned, wall. */
  readonly seconds: number;
  readonly controllerCpuMs: number;
  readonly serverCpuMs: number;
  readonly patches: number;
  readonly writes: Writes;
  readonly writesPerPod: number;
  /** CPU of the ten seconds that begin five seconds after the last Assigned. */
  readonly idleCpuMsPerSecond: number;
  readonly peakRssMiB: number;
}

export interface ColdStartRow {
  readonly assigned: number;
  /** From exec to the new pod's Assigned, wall. */
  readonly seconds: number;
  readonly cpuMsUntilIdle: number;
  /** From exec until a second took less than 50 ms of CPU. */
  readonly idleAfterSeconds: number;
  readonly peakRssMiB: number;
}

/** `even`: the pods of a node all want the same identity; `random`: any of the 20, as a scheduler would have it. */
export type Placement = "even" | "random";

/** 81 compute targets, as the reference was measured on. */
const shape: Shape = { vms: 80, sets: 1, nodesPerSet: 20, identities: 20 };
const idleCpuMs = 50;

/**
 * Assigns `pods` by a controller that waits for the bindings, then starts another one over what there is; and has as many
 * objects written by a client that does nothing else.
 */
export async function measureAssigning(
  pods: number,
  placement: Placement,
): Promise<{ readonly row: AssignRow; readonly coldStart: ColdStartRow; readonly bareSeconds: number }> {
  const plane = await startControlPlane();
  try {
    const world = await startScaleWorld(plane, shape);
    await world.createPods(0, pods, placing(placement));
    const row = await assign(world, pods, placement);
    const coldStart = await startCold(world, pods, placement);
    const bareSeconds = await measureBareWrites(world.api, pods);
    await world.close();
    return { row, coldStart, bareSeconds };
  } finally {
    await plane.stop();
  }
}

async function assign(world: ScaleWorld, pods: number, placement: Placement): Promise<AssignRow> {
  const controller = await world.startController();
  await controller.said("leading");
  const watch = await watchAssigned(world.plane);
  await untilIdle(controller);
  const [writesBefore, patchesBefore] = [await readWrites(world.api), world.patches()];
  const before = useOf(controller.pid);
  const serverBefore = useOf(world.plane.serverPid());
  const startedMs = performance.now();
  await world.createBindings();
  const endedMs = await watch.until(pods, 300_000);
  const controllerCpuMs = useOf(controller.pid).cpuMs - before.cpuMs;
  const serverCpuMs = useOf(world.plane.serverPid()).cpuMs - serverBefore.cpuMs;
  await sleep(5000);
  const idleFrom = useOf(controller.pid);
  await sleep(10_000);
  const after = useOf(controller.pid);
  // The bindings are the bench's own.
  const made = writesBetween(writesBefore, await readWrites(world.api));
  const writes = new Map([...made].filter(([name]) => name !== "POST azureidentitybindings"));
  await watch.close();
  await end(controller);
  return {
    pods,
    placement,
    seconds: (endedMs - startedMs) / 1000,
    controllerCpuMs,
    serverCpuMs,
    patches: world.patches() - patchesBefore,
    writes,
    writesPerPod: sumOf(writes) / pods,
    idleCpuMsPerSecond: (after.cpuMs - idleFrom.cpuMs) / 10,
    peakRssMiB: after.peakRssMiB,
  };
}

async function startCold(world: ScaleWorld, pods: number, placement: Placement): Promise<ColdStartRow> {
  const watch = await watchAssigned(world.plane);
  await watch.until(pods, 60_000);
  await world.createPods(pods, 1, placing(placement));
  const startedMs = performance.now();
  const controller = await world.startController();
  const assignedMs = await watch.untilPod(`web-${pods}`, 120_000);
  await untilIdle(controller);
  const idleMs = performance.now();
  const { cpuMs, peakRssMiB } = useOf(controller.pid);
  await watch.close();
  await end(controller);
  return {
    assigned: pods,
    seconds: (assignedMs - startedMs) / 1000,
    cpuMsUntilIdle: cpuMs,
    idleAfterSeconds: (idleMs - startedMs) / 1000,
    peakRssMiB,
  };
}

/** Until a second takes hardly any CPU. */
async function untilIdle({ pid }: DaemonProcess): Promise<void> {
  for (let left = 120; left > 0; left -= 1) {
    const before = useOf(pid).cpuMs;
    await sleep(1000);
    if (useOf(pid).cpuMs - before < idleCpuMs) return;
  }
  throw new Error("the controller was busy for two minutes");
}

async function end(controller: DaemonProcess): Promise<void> {
  controller.kill("SIGTERM");
  await controller.ended();
}

/** The same places in each run. */
function placing(placement: Placement): (index: number) => PodPlace {
  const nodes = shape.vms + shape.sets * shape.nodesPerSet;
  return (index) => {
    const node = index % nodes;
    const identity = placement === "even" ? index % shape.identities : hash(index) % shape.identities;
    return { node, identity };
  };
}

/** Knuth's multiplicative hash, its upper bits. */
function hash(index: number): number {
  return Math.imul(index + 1, 2_654_435_761) >>> 16;
}
