import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { openCluster } from "../../../../src/cli/daemon/cluster.ts";
import { createReadiness } from "../../../../src/cli/daemon/readiness.ts";
import { readEnvironment } from "../../../../src/cli/environment.ts";
import { shippedFiles } from "../../../../src/cli/paths.ts";
import { createSystemClock } from "../../../../src/runtime/clock.ts";
import { createSilentLog } from "../../../../src/runtime/log.ts";
import { createMetrics } from "../../../../src/runtime/metrics.ts";
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

describe("a cluster that is opened", () => {
  it("is not ready, and shows no grant, before the admission policies were read", async (t) => {
    const held: (() => Promise<void>)[] = [];
    const { url } = await useLoopback(t, (seen, response) => {
      const asked = new URL(seen.url, "http://server");
      const isHeld = asked.pathname.includes("admissionregistration") && asked.searchParams.has("watch");
      if (isHeld) held.push(() => answer(asked, response));
      else void answer(asked, response);
    });
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
    const open = await openCluster(
      {
        clock: createSystemClock(),
        log: createSilentLog(),
        readiness: createReadiness({}),
        metrics: createMetrics(),
        environment: readEnvironment(),
      },
      {
        kubeconfig,
        serviceAccountDirectory: "",
        node: "n1",
        lease: null,
        component: "nmi",
        fieldCase: null,
        rate: null,
        customUserAgent: "",
      },
    );
    t.after(() => open.close());
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
});
