import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { canonicalAddress, createCallerIndex } from "../../../src/nmi/caller.ts";
import { createMemoryResources, pod } from "./memory-resources.ts";

describe("createCallerIndex", () => {
  it("knows the pods that were there before it, and follows changes", () => {
    const resources = createMemoryResources();
    const web = pod("web", "10.0.0.1");
    resources.put("Pod", web);
    const index = createCallerIndex({ resources, node: "node-1" });
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
    const index = createCallerIndex({ resources, node: null });
    assert.deepEqual(index.find("fd00::1"), { kind: "pod", pod: web });
    assert.deepEqual(index.find("10.0.0.1"), { kind: "pod", pod: web });
  });

  const strangers = [
    { name: "finished pods", changes: { phase: "Succeeded" } },
    { name: "failed pods", changes: { phase: "Failed" } },
    { name: "hostNetwork pods", changes: { hostNetwork: true } },
    { name: "pods of other nodes", changes: { node: "node-2" } },
  ];
  for (const { name, changes } of strangers) {
    it(`does not know ${name}`, () => {
      const resources = createMemoryResources();
      const index = createCallerIndex({ resources, node: "node-1" });
      resources.put("Pod", pod("web", "10.0.0.1", changes));
      assert.deepEqual(index.find("10.0.0.1"), { kind: "unknown" });
    });
  }

  it("gives an address to the live pod when the one before it has finished", () => {
    const resources = createMemoryResources();
    const index = createCallerIndex({ resources, node: "node-1" });
    resources.put("Pod", pod("old", "10.0.0.1", { phase: "Succeeded" }));
    const young = pod("new", "10.0.0.1");
    resources.put("Pod", young);
    assert.deepEqual(index.find("10.0.0.1"), { kind: "pod", pod: young });
  });

  it("does not choose between two live pods, until one is gone", () => {
    const resources = createMemoryResources();
    const index = createCallerIndex({ resources, node: "node-1" });
    const b = pod("b", "10.0.0.1");
    resources.put("Pod", pod("a", "10.0.0.1"));
    resources.put("Pod", b);
    assert.deepEqual(index.find("10.0.0.1"), { kind: "ambiguous" });
    resources.remove("Pod", "shop/a");
    assert.deepEqual(index.find("10.0.0.1"), { kind: "pod", pod: b });
  });

  it("serves all nodes when it has none of its own", () => {
    const resources = createMemoryResources();
    resources.put("Pod", pod("web", "10.0.0.1", { node: "node-9" }));
    assert.equal(createCallerIndex({ resources, node: null }).find("10.0.0.1").kind, "pod");
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
