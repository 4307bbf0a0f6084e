import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { defaultSilenceLimitMs } from "../../../src/kubernetes/reflector.ts";
import { type Api, succeed } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { createNamespace } from "../../control-plane/fixtures.ts";
import { clientOf, follow } from "./followed.ts";

const pods = 5_000;
const writers = 16;

/** A pod of 6 kB, as deployments make them: environment, volumes, annotations. */
function podBody(index: number): unknown {
  return {
    metadata: {
      name: `web-${index}`,
      labels: {
        app: `app-${index % 100}`,
        "app.kubernetes.io/part-of": "shop",
        aadpodidbinding: `team-${index % 50}`,
      },
      annotations: { "prometheus.io/scrape": "true", checksum: `sha256:${String(index).padStart(64, "0")}` },
    },
    spec: {
      nodeName: `node-${index % 100}`,
      serviceAccountName: `account-${index % 50}`,
      containers: [
        {
          name: "app",
          image: "registry.invalid/shop/web:1.2.3",
          env: Array.from({ length: 40 }, (_, i) => ({ name: `SETTING_NUMBER_${i}`, value: "x".repeat(60) })),
        },
      ],
    },
  };
}

async function createPods(api: Api): Promise<void> {
  const namespace = await createNamespace(api, "scale");
  let next = 0;
  const write = async (): Promise<void> => {
    for (let index = next++; index < pods; index = next++) {
      await succeed(api.post(`/api/v1/namespaces/${namespace}/pods`, podBody(index)));
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
}

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function heapMiB(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

describe("5,000 pods of 6 kB", () => {
  const plane = useControlPlane();

  it("are all known within 10 s of a cold start, in less than 100 MiB", async (t) => {
    const admin = plane().api();
    await createPods(admin);
    const [sample] = Object(await succeed(admin.get("/api/v1/pods?limit=1"))).items;
    assert.ok(JSON.stringify(sample).length >= 6_000);
    const api = await clientOf(t, plane());
    const beforeMiB = heapMiB();
    const startedMs = performance.now();
    const eventLoop = monitorEventLoopDelay({ resolution: 1 });
    eventLoop.enable();
    const source = follow(t, api, { kinds: ["Pod"] });
    await source.synced();
    const tookMs = performance.now() - startedMs;
    eventLoop.disable();
    assert.equal(source.list("Pod").length, pods);
    const usedMiB = heapMiB() - beforeMiB;
    const longestMs = Math.round(eventLoop.max / 1e6);
    t.diagnostic(
      `cold sync ${Math.round(tookMs)} ms, longest block ${longestMs} ms, store ${usedMiB.toFixed(1)} MiB`,
    );
    assert.ok(tookMs <= 10_000, `${tookMs} ms`);
    assert.ok(usedMiB <= 100, `${usedMiB} MiB`);

    const node = follow(t, api, {
      kinds: ["Pod"],
      selectors: { Pod: { fieldSelector: "spec.nodeName=node-7" } },
    });
    const nodeStartedMs = performance.now();
    await node.synced();
    t.diagnostic(`the pods of one node: ${Math.round(performance.now() - nodeStartedMs)} ms`);
    assert.equal(node.list("Pod").length, pods / 100);
    assert.equal(defaultSilenceLimitMs, 100_000);
  });
});
