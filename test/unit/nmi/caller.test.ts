import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { canonicalAddress, createCallerIndex } from "../../../src/nmi/caller.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { createMemoryResources, pod } from "./memory-resources.ts";

const clock = createSimulatedClock(Date.parse("2026-06-14T12:00:00Z"));

describe("createCallerIndex", () => {
  it("knows the pods that were there before it, and follows changes", () => {
    const resources = createMemoryResources();
    const web = pod("web", "10.0.0.1");
    resources.put("Pod", web);
    const index = createCallerIndex({ clock, resources, node: "node-1" });
    assert.deepEqual(index.find("10.0.0.1"), { kind: "pod", pod: web });
    const moved = pod("web", "10.0.0.2");
    resources.put("Pod", moved);
    assert.deepEqual(index.find("10.0.0.1"), { kind: "unknown" });
    assert.deepEqual(index.find("10.0.0.2"), { kind: "pod", pod: moved });
    resources.remove("Pod", "shop/web");
    assert.deepEqual(index.find("10.0.0.2"), { kind: "unknown" });
    index.close();
    assert.equal(resources.listenerCount(), 0);
  });

  it("finds a pod by each of its addresses", () => {
    const resources = createMemoryResources();
    const web = pod("web", "", { addresses: ["10.0.0.1", "fd00::1"] });
    resources.put("Pod", web);
    const index = createCallerIndex({ clock, resources, node: null });
    assert.deepEqual(index.find("fd00::1"), { kind: "pod", pod: web });
    assert.deepEqual(index.find("10.0.0.1"), { kind: "pod", pod: web });
  });

  const strangers = [
    { name: "finished pods", changes: { phase: "Succeeded" } },
    { name: "failed pods", changes: { phase: "Failed" } },
    { name: "pods whose grace is over", changes: { deletionTimestamp: "2026-06-14T12:00:00Z" } },
    { name: "pods with a deletion that cannot be read", changes: { deletionTimestamp: "soon" } },
    { name: "pods of other nodes", changes: { node: "node-2" } },
  ];
  for (const { name, changes } of strangers) {
    it(`does not know ${name}`, () => {
      const resources = createMemoryResources();
      const index = createCallerIndex({ clock, resources, node: "node-1" });
      resources.put("Pod", pod("web", "10.0.0.1", changes));
      assert.deepEqual(index.find("10.0.0.1"), { kind: "unknown" });
    });
  }

  it("gives an address to the live pod when the one before it has finished", () => {
    const resources = createMemoryResources();
    const index = createCallerIndex({ clock, resources, node: "node-1" });
    resources.put("Pod", pod("old", "10.0.0.1", { phase: "Succeeded" }));
    const young = pod("new", "10.0.0.1");
    resources.put("Pod", young);
    assert.deepEqual(index.find("10.0.0.1"), { kind: "pod", pod: young });
  });

  it("does not choose between two live pods, until one is gone", () => {
    const resources = createMemoryResources();
    const index = createCallerIndex({ clock, resources, node: "node-1" });
    const b = pod("b", "10.0.0.1");
    resources.put("Pod", pod("a", "10.0.0.1"));
    resources.put("Pod", b);
    assert.deepEqual(index.find("10.0.0.1"), { kind: "ambiguous" });
    resources.remove("Pod", "shop/a");
    assert.deepEqual(index.find("10.0.0.1"), { kind: "pod", pod: b });
  });

  it("knows a deleted pod until its grace is over", () => {
    const resources = createMemoryResources();
    const ownClock = createSimulatedClock(Date.parse("2026-06-14T12:00:00Z"));
    const index = createCallerIndex({ clock: ownClock, resources, node: "node-1" });
    resources.put("Pod", pod("web", "10.0.0.1", { deletionTimestamp: "2026-06-14T12:00:30Z" }));
    ownClock.advance(29_999);
    assert.equal(index.find("10.0.0.1").kind, "pod");
    ownClock.advance(1);
    assert.equal(index.find("10.0.0.1").kind, "unknown");
  });

  it("tells the node's own address from an unknown one, and doubts it when an ordinary pod claims it too", () => {
    const resources = createMemoryResources();
    const index = createCallerIndex({ clock, resources, node: "node-1" });
    resources.put("Pod", pod("proxy", "10.0.0.1", { hostNetwork: true }));
    resources.put("Pod", pod("exporter", "10.0.0.1", { hostNetwork: true }));
    assert.deepEqual(index.find("10.0.0.1"), { kind: "hostNetwork" });
    resources.put("Pod", pod("web", "10.0.0.1"));
    assert.deepEqual(index.find("10.0.0.1"), { kind: "ambiguous" });
  });

  it("knows an IPv4 address by any spelling in the pod's status", () => {
    const resources = createMemoryResources();
    const index = createCallerIndex({ clock, resources, node: null });
    resources.put("Pod", pod("web", "", { addresses: ["::ffff:10.0.0.1", "10.0.0.1", "FD00:0::1"] }));
    assert.equal(index.find("10.0.0.1").kind, "pod");
    assert.equal(index.find("fd00::1").kind, "pod");
  });

  it("serves all nodes when it has none of its own", () => {
    const resources = createMemoryResources();
    resources.put("Pod", pod("web", "10.0.0.1", { node: "node-9" }));
    assert.equal(createCallerIndex({ clock, resources, node: null }).find("10.0.0.1").kind, "pod");
  });
});

/** Pod shop/web behind interface 7, and a server that was last heard `age.seconds` ago. */
function setUp() {
  const resources = createMemoryResources();
  const ownClock = createSimulatedClock(0);
  const age = { seconds: 0 };
  const behind = new Map<string, string | null>([["10.0.0.1", "azv1#7"]]);
  resources.ageSeconds = () => age.seconds;
  resources.put("Pod", pod("web", "10.0.0.1"));
  const interfaceBehind = (address: string): string | null => behind.get(address) ?? null;
  const index = createCallerIndex({ clock: ownClock, resources, node: "node-1", interfaceBehind });
  return { resources, ownClock, age, behind, kind: () => index.find("10.0.0.1").kind };
}

describe("an address that moved to another interface", () => {
  it("is nobody's until the API server says whose it is", () => {
    const { resources, behind, kind } = setUp();
    assert.equal(kind(), "pod");
    behind.set("10.0.0.1", "azv2#9");
    assert.equal(kind(), "unknown");
    resources.put("Pod", pod("web", "10.0.0.1", { labels: {} }));
    assert.equal(kind(), "unknown", "an event of the old pod proves nothing");
    resources.remove("Pod", "shop/web");
    resources.put("Pod", pod("web", "10.0.0.1", { uid: "uid-of-the-next" }));
    assert.equal(kind(), "pod");
  });

  it("is nobody's while there is no interface", () => {
    const { behind, kind } = setUp();
    behind.set("10.0.0.1", null);
    assert.equal(kind(), "unknown");
    behind.set("10.0.0.1", "azv1#7");
    assert.equal(kind(), "pod");
  });

  it("is believed once the API server was heard for 30 s and still names the same pod", () => {
    const { ownClock, age, behind, kind } = setUp();
    behind.set("10.0.0.1", "azv1#9");
    assert.equal(kind(), "unknown");
    ownClock.advance(31_000);
    age.seconds = 2;
    assert.equal(kind(), "unknown", "it was last heard 29 s after the move");
    age.seconds = 1;
    assert.equal(kind(), "pod");
    assert.equal(kind(), "pod");
  });

  it("is waited for anew when it moves again meanwhile", () => {
    const { ownClock, behind, kind } = setUp();
    behind.set("10.0.0.1", "azv1#9");
    assert.equal(kind(), "unknown");
    ownClock.advance(29_000);
    behind.set("10.0.0.1", "azv1#11");
    assert.equal(kind(), "unknown");
    ownClock.advance(29_000);
    assert.equal(kind(), "unknown");
    ownClock.advance(1_000);
    assert.equal(kind(), "pod");
  });
});

describe("canonicalAddress", () => {
  const rows = [
    { text: "10.0.0.1", expected: "10.0.0.1" },
    { text: "::ffff:10.0.0.1", expected: "10.0.0.1" },
    { text: "::FFFF:0a00:0001", expected: "10.0.0.1" },
    { text: "fe80::1%eth0", expected: "fe80::1" },
    { text: "FD00:0:0::1", expected: "fd00::1" },
    { text: "010.0.0.1", expected: undefined },
    { text: "", expected: undefined },
  ];
  for (const { text, expected } of rows) {
    it(`reads "${text}" as ${expected}`, () => assert.equal(canonicalAddress(text), expected));
  }
});
