import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { placePods } from "../../../src/kubernetes/local-kubelet.ts";
import type { Node, Pod } from "../../../src/kubernetes/resources.ts";

const pod = (name: string, more: Partial<Pod> = {}): [string, Pod] => [
  `shop/${name}`,
  {
    namespace: "shop",
    name,
    uid: name,
    labels: {},
    annotations: {},
    serviceAccount: "default",
    node: "",
    phase: "",
    startTime: null,
    addresses: [],
    hostNetwork: false,
    ...more,
  },
];
const node = (name: string): [string, Node] => [name, { name, labels: {}, providerID: `azure:///${name}` }];
const place = (
  pods: readonly [string, Pod][],
  nodes: readonly [string, Node][] = [],
  previous: ReadonlyMap<string, Pod> = new Map(),
) => placePods(new Map(pods), new Map(nodes), previous);
const many = Array.from({ length: 3000 }, (_, index) => pod(`web-${index}`));

describe("placing pods that were written by hand", () => {
  it("adds a node, the phase and an address, and no start time", () => {
    const { pods, nodes } = place([pod("web")]);
    const placed = pods.get("shop/web");
    assert.equal(placed?.node, "local");
    assert.equal(placed?.phase, "Running");
    assert.equal(placed?.startTime, null);
    assert.deepEqual(
      [...nodes.values()].map(({ providerID }) => providerID),
      [
        "azure:///subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/Microsoft.Compute/virtualMachines/local",
      ],
    );
  });

  it("keeps what the manifest says", () => {
    const given = { node: "n7", phase: "Failed", addresses: ["10.0.0.1"], startTime: "2026-05-01T12:00:00Z" };
    const { pods } = place([pod("web", given)], [node("n1")]);
    assert.deepEqual(pods.get("shop/web"), pod("web", given)[1]);
  });

  it("takes the first node by name, and leaves a pod where it was", () => {
    const first = place([pod("web")], [node("n2"), node("n3")]);
    assert.equal(first.pods.get("shop/web")?.node, "n2");
    const second = place([pod("web"), pod("new")], [node("n2"), node("n1")], first.pods);
    assert.equal(second.pods.get("shop/web")?.node, "n2");
    assert.equal(second.pods.get("shop/new")?.node, "n1");
    const third = place([pod("web")], [node("n1")], second.pods);
    assert.equal(third.pods.get("shop/web")?.node, "n1");
  });

  it("gives every pod an address of its own in 127.64.0.0/10", () => {
    const addresses = [...place(many).pods.values()].flatMap((one) => one.addresses);
    assert.equal(new Set(addresses).size, many.length);
    for (const address of addresses) {
      const [a, b = 0] = address.split(".").map(Number);
      assert.ok(a === 127 && b >= 64 && b < 128, address);
    }
  });

  it("gives the same addresses after a restart", () => {
    assert.deepEqual(place(many.toReversed()).pods.get("shop/web-7"), place(many).pods.get("shop/web-7"));
  });

  it("never takes an address that the folder gives to another pod", () => {
    const [invented = ""] = place([pod("web")]).pods.get("shop/web")?.addresses ?? [];
    const before = place([pod("web")]).pods;
    const { pods } = place([pod("web"), pod("other", { addresses: [invented] })], [], before);
    assert.deepEqual(pods.get("shop/other")?.addresses, [invented]);
    assert.notDeepEqual(pods.get("shop/web")?.addresses, [invented]);
  });

  it("leaves a pod its address when another one of the same hash comes", () => {
    const moved = new Map([pod("web", { addresses: ["127.64.0.9"], node: "local" })]);
    assert.deepEqual(place([pod("a"), pod("web")], [], moved).pods.get("shop/web")?.addresses, [
      "127.64.0.9",
    ]);
  });

  it("does not take a given address for an invented one once the manifest no longer gives it", () => {
    const before = new Map([pod("web", { addresses: ["10.0.0.1"] })]);
    assert.match(place([pod("web")], [], before).pods.get("shop/web")?.addresses[0] ?? "", /^127\./);
  });

  it("gives none to pods of the host network", () => {
    assert.deepEqual(place([pod("web", { hostNetwork: true })]).pods.get("shop/web")?.addresses, []);
  });
});
