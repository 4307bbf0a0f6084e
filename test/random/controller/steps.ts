import * as fc from "fast-check";

import { dailyWindow, makeBinding, makeIdentity, makePod } from "../../unit/controller/objects.ts";
import type { ArmFault, RequestKind } from "./azure.ts";
import { armIdentity, machineOf, nodeNamed, setId, vmId } from "./ids.ts";
import type { CrashPoint } from "./life.ts";
import type { ApiFault } from "./process.ts";
import type { World } from "./world.ts";

/** One thing that happens. All is by name, so that a shrunk list still makes sense. */
export type Step =
  | { readonly op: "pod"; readonly pod: string; readonly node: string; readonly label: string }
  | { readonly op: "podGoes" | "podEnds"; readonly pod: string }
  | { readonly op: "node"; readonly node: string }
  | { readonly op: "nodeGoes"; readonly node: string; readonly machineStays: boolean }
  | {
      readonly op: "bind";
      readonly binding: string;
      readonly identity: string;
      readonly label: string;
      readonly box: string;
    }
  | { readonly op: "unbind"; readonly binding: string }
  | { readonly op: "identity"; readonly identity: string; readonly arm: string; readonly clientID: string }
  | { readonly op: "identityGoes"; readonly identity: string }
  | { readonly op: "armForgets" | "armKnows"; readonly arm: string }
  | { readonly op: "attach"; readonly node: string; readonly arm: string }
  | { readonly op: "armFault"; readonly on: RequestKind; readonly fault: ArmFault; readonly count: number }
  | { readonly op: "apiFault"; readonly fault: ApiFault; readonly count: number }
  | ({ readonly op: "crash" } & CrashPoint)
  | { readonly op: "elect" | "pause" | "oust" | "resume" | "lag" | "catchUp" }
  | { readonly op: "pass"; readonly seconds: number }
  | { readonly op: "stepClock"; readonly seconds: number };

const pod = fc.constantFrom("shop/web-0", "shop/web-1", "lab/web-0");
const node = fc.constantFrom("vm-a", "vm-b", "set-0", "set-1");
const label = fc.constantFrom("one", "two");
const binding = fc.constantFrom("b-0", "b-1", "b-2");
const identity = fc.constantFrom("reader", "writer", "auditor");
const arm = fc.constantFrom("reader", "writer", "auditor", "spare");
const status = (code: number, retryAfter?: string): ArmFault =>
  retryAfter === undefined ? { kind: "status", status: code } : { kind: "status", status: code, retryAfter };

/** The boxes that bindings have; the world begins at noon. */
const boxes = {
  none: null,
  soon: dailyWindow("12:10", "12:30", { keepIfReopensWithin: "0s" }),
  ending: dailyWindow("11:00", "12:05", { keepIfReopensWithin: "0s" }),
  kept: dailyWindow("11:00", "12:05"),
  never: dailyWindow("03:00", "03:30", { keepIfReopensWithin: "0s", leadTime: "0s" }),
} as const;

const named = <T extends Step["op"]>(name: T): fc.Arbitrary<T> => fc.constant<T>(name);
const patchFaults = fc.constantFrom<ArmFault>(
  status(429, "40"),
  status(429),
  status(409),
  status(412),
  status(500),
  { kind: "reset" },
  { kind: "lost" },
  { kind: "hangs" },
  { kind: "failsLate" },
  { kind: "neverEnds" },
  { kind: "urlVanishes" },
);
const readFaults = fc.constantFrom<ArmFault>(
  status(429, "40"),
  status(503),
  { kind: "lost" },
  { kind: "hangs" },
);
const count = fc.integer({ min: 1, max: 3 });

const happenings: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> }[] = [
  { weight: 12, arbitrary: fc.record({ op: named("pod"), pod, node, label }) },
  { weight: 6, arbitrary: fc.record({ op: named("podGoes"), pod }) },
  { weight: 1, arbitrary: fc.record({ op: named("podEnds"), pod }) },
  { weight: 2, arbitrary: fc.record({ op: named("nodeGoes"), node, machineStays: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: named("node"), node }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: named("bind"),
      ...{ binding, identity, label, box: fc.constantFrom(...Object.keys(boxes)) },
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: named("unbind"), binding }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: named("identity"),
      ...{ identity, arm, clientID: fc.constantFrom("first", "second") },
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: named("identityGoes"), identity }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("armForgets", "armKnows"), arm }) },
  { weight: 1, arbitrary: fc.record({ op: named("attach"), node, arm }) },
  {
    weight: 6,
    arbitrary: fc.record({ op: named("armFault"), on: named2("PATCH"), fault: patchFaults, count }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: named("armFault"), on: named2("GET", "POLL"), fault: readFaults, count }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: named("apiFault"),
      ...{ fault: fc.constantFrom<ApiFault>("refused", "lost"), count },
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: named("crash"),
      effect: fc.integer({ min: 1, max: 12 }),
      when: fc.constantFrom<CrashPoint["when"]>("before", "after"),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({ op: fc.constantFrom("elect", "pause", "oust", "resume", "lag", "catchUp") }),
  },
  {
    weight: 14,
    arbitrary: fc.record({ op: named("pass"), seconds: fc.constantFrom(0, 1, 3, 7, 30, 90, 400) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: named("stepClock"), seconds: fc.constantFrom(-3600, -300, 300, 3600) }),
  },
];

function named2(...kinds: readonly RequestKind[]): fc.Arbitrary<RequestKind> {
  return fc.constantFrom(...kinds);
}

/** What may happen to a controller, in any order. */
export const scripts: fc.Arbitrary<readonly Step[]> = fc.array(fc.oneof(...happenings), {
  minLength: 1,
  maxLength: 24,
  size: "max",
});

/** Makes it happen. */
export async function take(world: World, step: Step, index: number): Promise<void> {
  world.journal.push(`${index}. ${describeStep(step)}`);
  const { server, azure } = world;
  switch (step.op) {
    case "pod": {
      const [namespace = "", name = ""] = step.pod.split("/");
      const labels = { aadpodidbinding: step.label };
      return world.putPod(makePod(name, { namespace, labels, node: step.node, uid: `uid-${index}` }));
    }
    case "podGoes":
      return server.apply((cluster) => cluster.remove("Pod", step.pod));
    case "podEnds":
      return endPod(world, step.pod);
    case "node":
      return world.putNode(step.node);
    case "nodeGoes":
      return removeNode(world, step.node, step.machineStays);
    case "bind": {
      const { identity: name, label: selector, box } = step;
      const timeBox = box in boxes ? Object.entries(boxes).find(([key]) => key === box)?.[1] : null;
      const options = { identity: name, selector, ...(timeBox ? { timeBox } : {}) };
      return server.apply((cluster) =>
        cluster.put("AzureIdentityBinding", makeBinding(step.binding, options)),
      );
    }
    case "unbind":
      return server.apply((cluster) => cluster.remove("AzureIdentityBinding", `shop/${step.binding}`));
    case "identity": {
      const spec = { resourceID: armIdentity(step.arm), clientID: step.clientID };
      return server.apply((cluster) => cluster.put("AzureIdentity", makeIdentity(step.identity, { spec })));
    }
    case "identityGoes":
      return server.apply((cluster) => cluster.remove("AzureIdentity", `shop/${step.identity}`));
    case "armForgets":
      return void azure.unknown.add(armIdentity(step.arm).toLowerCase());
    case "armKnows":
      return void azure.unknown.delete(armIdentity(step.arm).toLowerCase());
    case "attach":
      return attach(world, step.node, step.arm);
    case "armFault":
      return world.armFault(step.on, step.fault, step.count);
    case "apiFault":
      return world.apiFault(step.fault, step.count);
    default:
      return takeProcessStep(world, step);
  }
}

type ProcessStep = Extract<
  Step,
  { readonly op: "crash" | "elect" | "pause" | "oust" | "resume" | "lag" | "catchUp" | "pass" | "stepClock" }
>;

async function takeProcessStep(world: World, step: ProcessStep): Promise<void> {
  switch (step.op) {
    case "crash":
      return world.leader().life.crash(step);
    case "elect":
      return void world.elect();
    case "pause":
      return world.leader().life.pause();
    case "oust":
      world.leader().life.pause();
      return void world.elect();
    case "resume":
      return world.resumeAll();
    case "lag":
      return world.leader().lag(true);
    case "catchUp":
      return world.leader().lag(false);
    case "pass":
      await world.pass(step.seconds * 1000);
      return world.replaceDead();
    default:
      return world.clock.stepWall(step.seconds * 1000);
  }
}

function endPod({ server }: World, key: string): void {
  const running = server.truth.list("Pod").find(({ namespace, name }) => `${namespace}/${name}` === key);
  if (running === undefined) return;
  server.apply((cluster) => cluster.put("Pod", { ...running, phase: "Succeeded" }));
}

function removeNode(world: World, name: string, machineStays: boolean): void {
  const isVm = name.startsWith("vm-");
  if (isVm && !machineStays) world.removeMachine(vmId(name));
  if (isVm && machineStays) world.ownership.forsaken(machineOf(nodeNamed(name)));
  world.server.apply((cluster) => cluster.remove("Node", name));
}

/** Only what no object is about yet: of the rest nobody could tell whose it is. */
function attach(world: World, name: string, arm: string): void {
  const target = machineOf(nodeNamed(name));
  const id = armIdentity(arm).toLowerCase();
  const isFree =
    world.azure.on(target)?.has(id) === false &&
    world.isQuiet() &&
    world.ownership.answering(target, id).length === 0;
  if (!isFree) return;
  world.azure.attach(name.startsWith("set-") ? setId("pool") : vmId(name), armIdentity(arm));
  world.ownership.foreign(target, id);
}

/** A step in words. */
export function describeStep(step: Step): string {
  const { op, ...facts } = step;
  const words = Object.entries(facts).map(([key, value]) =>
    typeof value === "object" ? JSON.stringify(value) : `${key} ${value}`,
  );
  return [op, ...words].join(", ");
}
