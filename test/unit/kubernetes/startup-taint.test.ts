import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ApiCall, KubernetesApi } from "../../../src/kubernetes/api.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { removeTaint } from "../../../src/kubernetes/startup-taint.ts";
import { overTheWire } from "./over-the-wire.ts";

const key = "podid.dev/agent-not-ready";
const gpu = { key: "example.org/gpu", value: "a", effect: "NoExecute", timeAdded: "2026-06-14T22:00:00Z" };

/** A server with one node; what it is sent. */
async function remove(
  node: unknown,
): Promise<{ readonly outcome: string; readonly sent: readonly ApiCall[] }> {
  const sent: ApiCall[] = [];
  const api: Pick<KubernetesApi, "call"> = {
    call: async (call) => {
      sent.push(call);
      return overTheWire(node);
    },
  };
  const outcome = await removeTaint(api, { node: "n1", key, signal: new AbortController().signal });
  return { outcome, sent };
}

describe("the startup taint", () => {
  it("is taken off with every value and effect, and the others are as they were read", async () => {
    const taints = [{ key, effect: "NoSchedule" }, gpu, { key, value: "x", effect: "NoExecute" }];
    const { outcome, sent } = await remove({ spec: { taints } });
    assert.equal(outcome, "removed");
    assert.deepEqual(
      sent.map(({ method, path }) => `${method} ${path}`),
      ["GET /api/v1/nodes/n1", "PATCH /api/v1/nodes/n1"],
    );
    assert.deepEqual(sent[1]?.body, [
      { op: "test", path: "/spec/taints", value: taints },
      { op: "replace", path: "/spec/taints", value: [gpu] },
    ]);
  });

  for (const spec of [{}, { taints: [gpu] }]) {
    it(`costs no write where it is not: ${JSON.stringify(Object.keys(spec))}`, async () => {
      const { outcome, sent } = await remove({ spec });
      assert.equal(outcome, "not there");
      assert.equal(sent.length, 1);
    });
  }

  it("is not believed gone when the server answers something else", async () => {
    await assert.rejects(remove({ kind: "Status" }), KubernetesError);
  });
});
