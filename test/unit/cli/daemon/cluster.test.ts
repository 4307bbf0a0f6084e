import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { openCluster, type ClusterOptions } from "../../../../src/cli/daemon/cluster.ts";
import { rateOf } from "../../../../src/cli/daemon/controller.ts";
import { controllerFlags } from "../../../../src/cli/daemon/flags.ts";
import { parseFlags } from "../../../../src/cli/daemon/go-flags.ts";
import { createReadiness } from "../../../../src/cli/daemon/readiness.ts";
import type { OpenSource } from "../../../../src/cli/daemon/source.ts";
import { readEnvironment } from "../../../../src/cli/environment.ts";
import { shippedFiles } from "../../../../src/cli/paths.ts";
import { createSystemClock, type Clock } from "../../../../src/runtime/clock.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";
import { createMetrics } from "../../../../src/runtime/metrics.ts";
import { createSimulatedClock } from "../../../../src/runtime/simulated-clock.ts";
import { waitFor } from "../../../control-plane/wait.ts";
import { installed } from "../../kubernetes/admission-scene.ts";
import { json, useLoopback } from "../../kubernetes/loopback-api.ts";
import { bookmark, listAnswer } from "../../kubernetes/scripted-api.ts";

const grant = {
  apiVersion: "aadpodidentity.k8s.io/v1",
  kind: "AzureIdentityAccessGrant",
  metadata: {
    name: "g",
    namespace: "shop",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2026-06-14T13:00:00Z",
  },
  spec: { bindingName: "oncall", requester: "alice" },
};

/** What a watch of this path begins with. */
async function objectsAt({ pathname, searchParams }: URL): Promise<readonly object[]> {
  if (pathname.endsWith("/customresourcedefinitions")) {
    const name = /metadata\.name=(\w+)/.exec(searchParams.get("fieldSelector") ?? "")?.[1];
    const definition = await shippedDefinition(name ?? "");
    const { metadata } = Object(definition);
    return [{ ...definition, metadata: { ...metadata, uid: "u", resourceVersion: "1" } }];
  }
  if (pathname.endsWith("/azureidentityaccessgrants")) return [grant];
  if (!pathname.includes("admissionregistration")) return [];
  return installed.filter(({ kind }) => kind.endsWith("Binding") === pathname.endsWith("bindings"));
}

async function answer(url: URL, response: ServerResponse): Promise<void> {
  if (url.pathname.endsWith("/selfsubjectaccessreviews"))
    return json(response, 200, { status: { allowed: true } });
  const definition = /customresourcedefinitions\/(\w+)\./.exec(url.pathname)?.[1];
  if (url.searchParams.get("watch") === "true") {
    for (const object of await objectsAt(url))
      response.write(`${JSON.stringify({ type: "ADDED", object })}\n`);
    response.write(`${bookmark("1", { endsInitialEvents: true })}\n`);
    return;
  }
  json(response, 200, definition === undefined ? listAnswer("1", []) : await shippedDefinition(definition));
}

async function shippedDefinition(name: string): Promise<object> {
  return JSON.parse(await readFile(join(shippedFiles.definitions, `${name}.json`), "utf8"));
}

/** The cluster behind the API server at `url`, for one test. */
async function openAt(
  t: TestContext,
  url: string,
  options: Pick<ClusterOptions, "component" | "node"> & {
    readonly rate?: ClusterOptions["rate"];
    readonly clock?: Clock;
  },
): Promise<OpenSource> {
  const { clock = createSystemClock(), rate = null, ...rest } = options;
  const folder = await mkdtemp(join(tmpdir(), "podid-cluster-"));
  t.after(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, "config");
  await writeFile(
    kubeconfig,
    JSON.stringify({
      "current-context": "c",
      clusters: [{ name: "c", cluster: { server: url, "insecure-skip-tls-verify": true } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    }),
  );
  const parts = {
    clock,
    log: createSilentLog(),
    readiness: createReadiness({}),
    metrics: createMetrics(),
    environment: readEnvironment(),
  };
  const none = { serviceAccountDirectory: "", lease: null, fieldCase: null, customUserAgent: "" };
  const open = await openCluster(parts, { kubeconfig, ...none, rate, ...rest });
  t.after(() => open.close());
  return open;
}

describe("a cluster that is opened", () => {
  it("is not ready, and shows no grant, before the admission policies were read", async (t) => {
    const held: (() => Promise<void>)[] = [];
    const { url } = await useLoopback(t, (seen, response) => {
      const asked = new URL(seen.url, "http://server");
      const isHeld = asked.pathname.includes("admissionregistration") && asked.searchParams.has("watch");
      if (isHeld) held.push(() => answer(asked, response));
      else void answer(asked, response);
    });
    const open = await openAt(t, url, { component: "nmi", node: "n1" });
    let isReady = false;
    const ready = open.ready(new AbortController().signal).then(() => (isReady = true));
    await waitFor(() => open.source.ageSeconds() < 1000 && held.length === 2, "all else is read");
    for (let i = 0; i < 20; i += 1) await turn();
    assert.equal(isReady, false);
    assert.deepEqual(open.source.list("AzureIdentityAccessGrant"), []);

    for (const release of held) await release();
    await ready;
    assert.deepEqual(
      open.source.list("AzureIdentityAccessGrant").map(({ name }) => name),
      ["g"],
    );
  });

  it("is asked no more often than --clientQps says, and as often as it likes without", async (t) => {
    for (const [args, answeredAtOnce, count] of [
      [["--clientQps=2"], 2, 4],
      // More than the burst of a client that nobody tells anything.
      [[], 60, 60],
    ] as const) {
      const clock = createSimulatedClock(0);
      const { url, seen } = await useLoopback(t, (_, response) => json(response, 200, { data: {} }));
      const rate = rateOf(parseFlags("controller", controllerFlags, args));
      const open = await openAt(t, url, { component: "controller", node: null, rate, clock });
      const calls = Array.from({ length: count }, () => open.source.readSecret("shop", "s"));
      await Promise.all(calls.slice(0, answeredAtOnce));
      // Time enough for one that is not held back: its connection is open already.
      for (let turns = 0; turns < 50; turns += 1) await turn();
      // Watches are not counted.
      const asked = seen.filter(({ url: path }) => path.includes("/secrets/"));
      assert.equal(asked.length, answeredAtOnce);
      for (const call of calls.slice(answeredAtOnce)) {
        clock.advance(500);
        await call;
      }
    }
  });
});
