import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { asksForKubenet } from "../../../../src/nmi/redirect/kubenet.ts";

const rows: Readonly<Record<string, { readonly config: string; readonly expected: boolean }>> = {
  kubenet: {
    config: "KUBELET_FLAGS=--cni-bin-dir=/opt/cni/bin --network-plugin=kubenet --v=2\n",
    expected: true,
  },
  "another plugin": { config: "KUBELET_FLAGS=--network-plugin=cni\n", expected: false },
  "no plugin": { config: "", expected: false },
};

describe("a kubelet's options", () => {
  for (const [name, { config, expected }] of Object.entries(rows)) {
    it(`with ${name} ${expected ? "ask" : "do not ask"} for kubenet`, () => {
      assert.equal(asksForKubenet(config), expected);
    });
  }
});
