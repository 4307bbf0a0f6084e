import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";

import { z } from "zod";

import { useControlPlane } from "../../control-plane/control-plane.ts";
import { applyCrds, createNamespace } from "../../control-plane/fixtures.ts";
import { createFakeKubelet } from "../../control-plane/kubelet.ts";
import { createAccess } from "../kubernetes/cluster-world.ts";
import { runPodid } from "../podid.ts";

const plane = useControlPlane();
const explanation = z.object({
  identities: z.array(
    z.object({ binding: z.string(), inForce: z.boolean(), nextTransition: z.string().nullable() }),
  ),
});

describe("questions about a cluster", () => {
  let namespace: string;

  before(async () => {
    await applyCrds(plane());
    namespace = await createNamespace(plane().api(), "asked");
    const timeBox = { notBefore: "2026-03-01T09:00:00+01:00", notAfter: "2026-03-01T10:00:00+01:00" };
    await createAccess(plane(), namespace, { selector: "web", timeBox });
    const labels = { aadpodidbinding: "web" };
    await createFakeKubelet(plane().api()).startPod({ namespace, name: "web-0", node: "n1", labels });
  });

  const edges = [
    { at: "2026-03-01T07:59:59Z", inForce: false, next: "2026-03-01T08:00:00Z" },
    { at: "2026-03-01T08:00:00Z", inForce: true, next: "2026-03-01T09:00:00Z" },
    { at: "2026-03-01T09:00:00Z", inForce: false, next: null },
  ];
  for (const { at, inForce, next } of edges) {
    it(`are answered by the cluster's objects: explain at ${at}`, async () => {
      const kubeconfig = plane().adminKubeconfigPath;
      const asked = [
        "explain",
        "pod",
        `${namespace}/web-0`,
        "--kubeconfig",
        kubeconfig,
        "--at",
        at,
        "-o",
        "json",
      ];
      const { exitCode, stdout, errorLines } = await runPodid(...asked);
      assert.equal(exitCode, 0, errorLines.join("\n"));
      assert.deepEqual(explanation.parse(JSON.parse(stdout)).identities, [
        { binding: `${namespace}/reads`, inForce, nextTransition: next },
      ]);
      // No admission policies were applied here.
      assert.match(errorLines.join("\n"), /grants and approvals count for nothing/);
    });
  }

  it("are answered over time: simulate", async () => {
    const range = ["--from", "2026-03-01T00:00:00Z", "--to", "2026-03-02T00:00:00Z"];
    const { exitCode, stdout } = await runPodid(
      "simulate",
      "--kubeconfig",
      plane().adminKubeconfigPath,
      ...range,
    );
    assert.equal(exitCode, 0);
    assert.match(stdout, /web-0[^]*2026-03-01T08:00:00Z[^]*2026-03-01T09:00:00Z/);
  });

  it("name the pods there are when one is not", async () => {
    const asked = ["explain", "pod", "shop/none", "--kubeconfig", plane().adminKubeconfigPath];
    const { exitCode, errorLines } = await runPodid(...asked);
    assert.equal(exitCode, 2);
    assert.match(
      errorLines.at(-1) ?? "",
      new RegExp(`no pod shop/none in the cluster of .*${namespace}/web-0`),
    );
  });

  it("of somebody without rights are refused in the server's words", async () => {
    const kubeconfig = await plane().kubeconfigFor("nobody-in-particular");
    const { exitCode, errorLines } = await runPodid("explain", "pod", "a/b", "--kubeconfig", kubeconfig);
    assert.equal(exitCode, 3);
    assert.match(errorLines.at(-1) ?? "", /may not read|cannot list/);
  });

  it("of a server that is not there end soon", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "podid-away-"));
    t.after(() => rm(directory, { recursive: true }));
    const kubeconfig = join(directory, "config.json");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:9" } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    };
    await writeFile(kubeconfig, JSON.stringify(config));
    const { exitCode, errorLines } = await runPodid("explain", "pod", "a/b", "--kubeconfig", kubeconfig);
    assert.equal(exitCode, 3);
    assert.match(errorLines.at(-1) ?? "", /cannot be read: .*127\.0\.0\.1:9/);
  });

  it("need one place, and one only", async () => {
    const { exitCode, errorLines } = await runPodid("simulate", "--kubeconfig", "x", "--manifests", "demo");
    assert.equal(exitCode, 2);
    assert.deepEqual(errorLines, ["give either --manifests DIR or --kubeconfig FILE"]);
  });
});
