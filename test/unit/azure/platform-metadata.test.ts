import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { createPlatformMetadata } from "../../../src/azure/platform-metadata.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { json, serveScript } from "./loopback.ts";
import { managed, readerClientID, startMs, startWorld } from "./world.ts";

const signal = new AbortController().signal;
const resource = "https://vault.azure.net";

describe("the platform's metadata for excepted pods", () => {
  it("answers what IMDS says, without a selector as well", async (t) => {
    const { clock, imdsUrl } = await startWorld(t);
    const platform = createPlatformMetadata({ clock, imdsUrl });
    const { status, body } = await platform.fetchToken({ resource, signal });
    assert.equal(status, 200);
    assert.equal(JSON.parse(body).client_id, readerClientID);
  });

  it("answers IMDS's errors unchanged", async (t) => {
    const imds = await serveScript(t, () => json(410, { error: "gone" }));
    const platform = createPlatformMetadata({ clock: createSimulatedClock(startMs), imdsUrl: imds.url });
    assert.deepEqual(await platform.fetchToken({ resource, signal }), {
      status: 410,
      body: '{"error":"gone"}',
      retryAfterSeconds: null,
    });
  });

  it("says when IMDS wants to be asked again", async (t) => {
    const imds = await serveScript(t, () => ({ status: 429, headers: { "retry-after": "7" }, body: "{}" }));
    const platform = createPlatformMetadata({ clock: createSimulatedClock(startMs), imdsUrl: imds.url });
    assert.equal((await platform.fetchToken({ resource, signal })).retryAfterSeconds, 7);
    assert.equal((await platform.fetchMetadata({ path: ["instance"], signal })).retryAfterSeconds, 7);
  });

  const selectors = [
    { name: "clientID", ids: { clientID: readerClientID }, sent: { client_id: readerClientID } },
    { name: "objectID", ids: { objectID: readerClientID }, sent: { object_id: readerClientID } },
    { name: "resourceID", ids: { resourceID: managed("a&b=c") }, sent: { msi_res_id: managed("a&b=c") } },
  ];
  for (const { name, ids, sent } of selectors) {
    it(`builds the query from ${name}`, async (t) => {
      const imds = await serveScript(t, () => json(200, {}));
      const platform = createPlatformMetadata({ clock: createSimulatedClock(startMs), imdsUrl: imds.url });
      await platform.fetchToken({ resource, ...ids, signal });
      const [request] = imds.requests;
      const { pathname, searchParams } = new URL(request?.target ?? "", "http://imds");
      assert.equal(pathname, "/metadata/identity/oauth2/token");
      assert.deepEqual(Object.fromEntries(searchParams), { "api-version": "2018-02-01", resource, ...sent });
      assert.equal(request?.headers["metadata"], "true");
    });
  }

  const paths = [
    { request: { path: ["versions"] }, target: "/metadata/versions" },
    {
      request: { path: ["instance", "compute"], apiVersion: "2021-02-01", format: "text" as const },
      target: "/metadata/instance/compute?api-version=2021-02-01&format=text",
    },
    { request: { path: ["instance", "../identity?x"] }, target: "/metadata/instance/..%2Fidentity%3Fx" },
  ];
  for (const { request, target } of paths) {
    it(`reads ${target}`, async (t) => {
      const imds = await serveScript(t, () => json(404, { a: 1 }, { "content-type": "text/plain" }));
      const platform = createPlatformMetadata({ clock: createSimulatedClock(startMs), imdsUrl: imds.url });
      const answer = await platform.fetchMetadata({ ...request, signal });
      const body = '{"a":1}';
      assert.deepEqual(answer, { status: 404, contentType: "text/plain", body, retryAfterSeconds: null });
      assert.deepEqual(
        imds.requests.map((seen) => [seen.method, seen.target, seen.headers["metadata"]]),
        [["GET", target, "true"]],
      );
    });
  }

  it("takes metadata of up to 256 KiB, and tokens of up to 64", async (t) => {
    let size = 262_144;
    const imds = await serveScript(t, () => ({ status: 200, body: "x".repeat(size) }));
    const platform = createPlatformMetadata({ clock: createSimulatedClock(startMs), imdsUrl: imds.url });
    assert.equal((await platform.fetchMetadata({ path: ["instance"], signal })).status, 200);
    size += 1;
    assert.equal((await platform.fetchMetadata({ path: ["instance"], signal })).status, 503);
    assert.equal((await platform.fetchToken({ resource, signal })).status, 503);
  });

  it("is a 503 when IMDS does not answer", async (t) => {
    const imds = await serveScript(t, () => "reset");
    const platform = createPlatformMetadata({ clock: createSimulatedClock(startMs), imdsUrl: imds.url });
    const { status, body } = await platform.fetchToken({ resource, signal });
    assert.equal(status, 503);
    assert.equal(JSON.parse(body).error, "service_unavailable");
  });
});
