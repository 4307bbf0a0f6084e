import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parseComputeTarget, parseProviderID } from "../../../src/controller/compute-target.ts";
import { scaleSetId, vmId } from "./objects.ts";

describe("parseProviderID", () => {
  const rows = {
    "a VM": { id: `azure://${vmId("n")}`, target: { kind: "virtualMachine", resourceId: vmId("n") } },
    "an instance of a scale set stands for the set": {
      id: `azure://${scaleSetId("s")}/virtualMachines/12`,
      target: { kind: "scaleSet", resourceId: scaleSetId("s") },
    },
    "letter case is kept and does not matter": {
      id: `AZURE://${vmId("N").toUpperCase()}`,
      target: { kind: "virtualMachine", resourceId: vmId("N").toUpperCase() },
    },
    "an empty id": { id: "", target: null },
    "another cloud": { id: "aws:///eu-west-1a/i-0123", target: null },
    "no scheme": { id: vmId("n"), target: null },
    "something under a VM": { id: `azure://${vmId("n")}/extensions/e`, target: null },
    "another provider": {
      id: `azure://${vmId("n").replace("Microsoft.Compute", "Microsoft.HybridCompute")}`,
      target: null,
    },
    "text around it": { id: `x azure://${vmId("n")}`, target: null },
  };
  for (const [name, { id, target }] of Object.entries(rows)) {
    it(name, () => assert.deepEqual(parseProviderID(id), target));
  }

  it("reads bare ARM ids with parseComputeTarget", () => {
    assert.deepEqual(parseComputeTarget(scaleSetId("s")), { kind: "scaleSet", resourceId: scaleSetId("s") });
  });
});
