import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { listAt, succeed } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNode } from "../../control-plane/fixtures.ts";
import { runPodid } from "../podid.ts";

const plane = useControlPlane();

describe("podid demo in a cluster", () => {
  it("gives the answers of the folder's demo, and leaves nothing of it behind", async () => {
    const [inCluster, inFolder] = await Promise.all([
      runPodid("demo", "--kubeconfig", plane().adminKubeconfigPath),
      runPodid("demo"),
    ]);
    assert.equal(inCluster.exitCode, 0, inCluster.errorLines.join("\n"));
    const answers = answersOf(inCluster.stdout);
    assert.ok(answers.length > 10);
    assert.deepEqual(answers, answersOf(inFolder.stdout));
    const api = plane().api();
    for (const path of [
      "/apis/aadpodidentity.k8s.io/v1/azureassignedidentities",
      "/apis/aadpodidentity.k8s.io/v1/azureidentitybindings",
      "/api/v1/pods",
      "/api/v1/nodes",
    ]) {
      assert.deepEqual(listAt(await succeed(api.get(path)), "items"), [], path);
    }
  });

  it("does not play in a cluster that has nodes", async () => {
    await createNode(plane().api(), { name: "real-node" });
    const { exitCode, errorLines } = await runPodid("demo", "--kubeconfig", plane().adminKubeconfigPath);
    assert.equal(exitCode, 2);
    assert.match(errorLines.join("\n"), /has nodes of its own \(real-node\)/);
  });
});

/** Status and reason of each answer: what a clock does not change. */
function answersOf(text: string): readonly string[] {
  return text.match(/\b(?:200|400|403|404|503)\b.*?\b(?:[A-Z][a-z]+){2,}|\b200\b/g) ?? [];
}
