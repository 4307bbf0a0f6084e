import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parseVmId } from "../../../src/azure/vm-id.ts";

const subscriptionID = "00000000-0000-4000-8000-00000000000b";
const compute = `/subscriptions/${subscriptionID}/resourceGroups/Nodes/providers/Microsoft.Compute`;

describe("resource ids of machines", () => {
  const good = [
    { name: "a virtual machine", id: `${compute}/virtualMachines/n-0`, kind: "virtualMachine" },
    { name: "a scale set", id: `${compute}/virtualMachineScaleSets/n-0`, kind: "scaleSet" },
    {
      name: "flipped letter case",
      id: `/SUBSCRIPTIONS/${subscriptionID}/resourcegroups/Nodes/providers/microsoft.compute/VIRTUALMACHINES/n-0`,
      kind: "virtualMachine",
    },
  ];
  for (const { name, id, kind } of good) {
    it(`reads ${name}`, () =>
      assert.deepEqual(parseVmId(id), { subscriptionID, resourceGroup: "Nodes", kind, name: "n-0" }));
  }

  const bad = [
    { name: "nothing", id: "" },
    { name: "a providerID", id: `azure://${compute}/virtualMachines/n-0` },
    { name: "an instance of a scale set", id: `${compute}/virtualMachineScaleSets/pool/virtualMachines/0` },
    { name: "another type", id: `${compute}/disks/n-0` },
    { name: "a query", id: `${compute}/virtualMachines/n-0?x=1` },
    {
      name: "a subscription that is no GUID",
      id: `${compute.replace(subscriptionID, "..")}/virtualMachines/n-0`,
    },
    { name: "a trailing slash", id: `${compute}/virtualMachines/n-0/` },
  ];
  for (const { name, id } of bad) {
    it(`refuses ${name}`, () => assert.equal(parseVmId(id), undefined));
  }
});
