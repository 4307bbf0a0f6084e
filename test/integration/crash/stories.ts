import type { AzureIdentityBinding, Pod } from "../../../src/engine/resources.ts";
import { dailyWindow, makeBinding, makeIdentity, makePod } from "../../unit/controller/objects.ts";
import { armIdentity, machineOf, nodeNamed, setId, vmId } from "../../random/controller/ids.ts";
import type { World } from "../../random/controller/world.ts";

/** What changes in the world while controllers die over it. */
export interface Story {
  /** How it stands before, with all that follows from it done by a controller. */
  readonly before: (world: World) => void;
  /** What then changes at once. */
  readonly change: (world: World) => void;
  /** Minutes to wait until the change has its effect. */
  readonly waitMinutes?: number;
  /** What changes while nobody leads after the crash. */
  readonly whileNobodyLeads?: (world: World) => void;
}

const both = { labels: { aadpodidbinding: "both" } };

function bind(world: World, binding: AzureIdentityBinding): void {
  world.server.apply((cluster) => cluster.put("AzureIdentityBinding", binding));
}

function removePod(world: World, key: string): void {
  world.server.apply((cluster) => cluster.remove("Pod", key));
}

/** shop/reader for pods labelled `reader`; shop/reader and shop/writer for those labelled `both`. */
function bindings(world: World, timeBox = {}): void {
  bind(world, makeBinding("reader", timeBox));
  bind(world, makeBinding("reader-too", { identity: "reader", selector: "both", ...timeBox }));
  bind(world, makeBinding("writer", { selector: "both", ...timeBox }));
}

function edit(world: World, name: string, spec: { readonly clientID?: string; readonly arm?: string }): void {
  const { arm = name, ...rest } = spec;
  const identity = makeIdentity(name, { spec: { resourceID: armIdentity(arm), ...rest } });
  world.server.apply((cluster) => cluster.put("AzureIdentity", identity));
}

const onA = (name: string, fields: Partial<Pod> = {}): Pod => makePod(name, { node: "vm-a", ...fields });

function two(world: World): void {
  bindings(world);
  world.putPod(onA("web-0"));
  world.putPod(onA("web-1", both));
}

const closing = { timeBox: dailyWindow("11:00", "12:10", { keepIfReopensWithin: "0s" }) };
const opening = { timeBox: dailyWindow("12:10", "13:00", { leadTime: "3m" }) };

export const stories: Readonly<Record<string, Story>> = {
  "pods come": { before: bindings, change: two },
  "a pod comes for what is there, and another goes": {
    before: two,
    change: (world) => {
      world.putPod(onA("web-2", both));
      removePod(world, "shop/web-1");
    },
  },
  "a pod goes whose identity another needs": {
    before: two,
    change: (world) => removePod(world, "shop/web-1"),
  },
  "all pods go": {
    before: two,
    change: (world) => {
      removePod(world, "shop/web-0");
      removePod(world, "shop/web-1");
    },
  },
  "a client id is edited": { before: two, change: (world) => edit(world, "reader", { clientID: "edited" }) },
  "an identity becomes another resource": {
    before: two,
    change: (world) => edit(world, "writer", { arm: "spare" }),
  },
  "a binding is edited": {
    before: two,
    change: (world) => bind(world, makeBinding("writer", { identity: "auditor", selector: "both" })),
  },
  "a pod moves to another node": {
    before: two,
    change: (world) => world.putPod(makePod("web-1", { ...both, node: "vm-b", uid: "moved" })),
  },
  "a pod moves into a scale set": {
    before: two,
    change: (world) => world.putPod(makePod("web-1", { ...both, node: "set-0", uid: "moved" })),
  },
  "a pod comes back under its old name": {
    before: two,
    change: (world) => world.putPod(onA("web-1", { ...both, uid: "second" })),
  },
  "a pod goes, and comes back while nobody leads": {
    before: two,
    change: (world) => removePod(world, "shop/web-1"),
    whileNobodyLeads: (world) => world.putPod(onA("web-1", { ...both, uid: "second" })),
  },
  "a pod comes, and goes while nobody leads": {
    before: bindings,
    change: (world) => world.putPod(onA("web-1", both)),
    whileNobodyLeads: (world) => removePod(world, "shop/web-1"),
  },
  "an instance of a scale set goes with its pod": {
    before: (world) => {
      bindings(world);
      world.putPod(makePod("web-0", { node: "set-0" }));
      world.putPod(makePod("web-1", { ...both, node: "set-1" }));
    },
    change: (world) => {
      removePod(world, "shop/web-1");
      world.server.apply((cluster) => cluster.remove("Node", "set-1"));
    },
  },
  "a node goes and its pods with it": {
    before: two,
    change: (world) => {
      world.removeMachine(vmId("vm-a"));
      world.server.apply((cluster) => cluster.remove("Node", "vm-a"));
    },
    whileNobodyLeads: (world) => {
      removePod(world, "shop/web-0");
      world.putPod(makePod("web-1", { ...both, node: "vm-b", uid: "second" }));
    },
  },
  "a box closes": {
    before: (world) => (bindings(world, closing), pods(world)),
    change: () => {},
    waitMinutes: 11,
  },
  "a box opens": {
    before: (world) => (bindings(world, opening), pods(world)),
    change: () => {},
    waitMinutes: 8,
  },
  "a batch has an identity that ARM does not know": {
    before: (world) => {
      bindings(world);
      world.azure.unknown.add(armIdentity("auditor").toLowerCase());
      bind(world, makeBinding("auditor", { selector: "both" }));
    },
    change: (world) => pods(world),
  },
  "a pod comes and goes that uses what was on the machine before us": {
    before: (world) => {
      world.azure.attach(vmId("vm-a"), armIdentity("writer"));
      world.ownership.foreign(machineOf(nodeNamed("vm-a")), armIdentity("writer"));
      bindings(world);
      world.putPod(onA("web-1", both));
    },
    change: (world) => {
      removePod(world, "shop/web-1");
      world.putPod(onA("web-0"));
    },
  },
  "everything changes at once": {
    before: (world) => {
      two(world);
      world.putPod(makePod("web-2", { ...both, node: "set-0" }));
      world.putPod(makePod("web-3", { node: "set-1" }));
    },
    change: (world) => {
      edit(world, "writer", { arm: "spare" });
      removePod(world, "shop/web-0");
      world.putPod(makePod("web-1", { ...both, node: "set-1", uid: "moved" }));
      world.putPod(makePod("web-2", { ...both, node: "vm-a", uid: "moved" }));
      removePod(world, "shop/web-3");
    },
    whileNobodyLeads: (world) => world.putPod(makePod("web-4", { node: "set-0" })),
  },
};

function pods(world: World): void {
  world.putPod(onA("web-0"));
  world.putPod(onA("web-1", both));
}

/** All machines of the stories, lower-cased. */
export const machines: readonly string[] = [vmId("vm-a"), vmId("vm-b"), setId("pool")].map((id) =>
  id.toLowerCase(),
);
