import { makeBinding, makeIdentity, makePod } from "../../unit/controller/objects.ts";
import { timeBoxOf } from "./boxes.ts";
import { armIdentity, machineOf } from "./ids.ts";
import { describeStep, type Step } from "./steps.ts";
import type { World } from "./world.ts";

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
      if (step.machine === "unnamed") return world.unnameNode(step.node);
      return world.putNode(step.node, step.machine === "new" ? `${step.node}-new` : step.node);
    case "nodeGoes":
      return removeNode(world, step.node, step.machineStays);
    case "bind": {
      const options = { identity: step.identity, selector: step.label, ...timeBoxOf(step.box) };
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
    case "pass":
      await world.pass(step.seconds * 1000);
      return world.replaceDead();
    case "stepClock":
      return world.clock.stepWall(step.seconds * 1000);
    case "crash":
      return world.leader().life.crash(step);
    case "elect":
    case "pause":
    case "oust":
    case "resume":
    case "lag":
    case "catchUp":
      return toProcesses(world, step.op);
  }
}

async function toProcesses(
  world: World,
  op: "elect" | "pause" | "oust" | "resume" | "lag" | "catchUp",
): Promise<void> {
  switch (op) {
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
  }
}

function endPod({ server }: World, key: string): void {
  const running = server.truth.list("Pod").find(({ namespace, name }) => `${namespace}/${name}` === key);
  if (running === undefined) return;
  server.apply((cluster) => cluster.put("Pod", { ...running, phase: "Succeeded" }));
}

/** The lower-cased id of what the node stands on; null when there is no such node. */
function machineAt({ server }: World, name: string): string | null {
  const node = server.truth.get("Node", name);
  return node === undefined ? null : machineOf(node) || null;
}

function removeNode(world: World, name: string, machineStays: boolean): void {
  const target = machineAt(world, name);
  if (target !== null && name.startsWith("vm-") && !machineStays) world.removeMachine(target);
  world.server.apply((cluster) => cluster.remove("Node", name));
}

/** Only while it can be told whose it is. */
function attach(world: World, name: string, arm: string): void {
  const target = machineAt(world, name);
  if (target === null) return;
  const identity = arm === "waited" ? world.ownership.waited(target) : armIdentity(arm);
  if (identity === undefined) return;
  const id = identity.toLowerCase();
  const { life, name: leading } = world.leader();
  const leader = life.isDead() ? "nobody" : leading;
  const isFree =
    world.azure.on(target)?.has(id) === false &&
    world.isQuiet() &&
    world.ownership.isTellable(target, id, leader);
  if (isFree && world.azure.attach(target, identity)) world.ownership.foreign(target, id);
}
