import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import { tokenPath, type Daemon } from "./daemon.ts";

let daemon: Daemon;
beforeEach(async () => {
  daemon = await startBoundPod();
});
afterEach(() => stopCleanly(daemon));

describe("probes and routes", () => {
  const probe = '{"error":"invalid_request","error_description":"Required metadata header not specified"}';

  for (const from of [web, "127.0.0.99"]) {
    it(`answers a probe from ${from} at once, whoever asks`, async () => {
      const answer = await daemon.ask({ from });
      assert.equal(answer.status, 400);
      assert.equal(answer.text, probe);
      assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
    });
  }

  it("answers a probe before it looks at method, host or query", async () => {
    const path = `//metadata/identity/oauth2/token/?resource=r&resource=r`;
    const answer = await daemon.ask({ from: web, path, method: "POST", headers: { host: "evil.test" } });
    assert.equal(answer.text, probe);
  });

  it("answers unknown paths 404 before it looks at the header", async () => {
    for (const path of [
      "/metadata/identity/getplatformmetadata?cred-api-version=2.0",
      "/metadata/identity/issuecredential",
      "/metadata/identity/info",
      "/",
    ]) {
      const answer = await daemon.ask({ from: web, path });
      assert.equal(answer.status, 404);
      assert.equal(answer.json["error"], "not_found");
    }
  });

  it("answers other methods 405", async () => {
    const answer = await daemon.ask({ from: web, method: "POST", headers: { metadata: "true" } });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers["allow"], "GET");
  });

  it("serves every spelling of the token path that SDKs send", async () => {
    for (const path of [`/${tokenPath}/`, "/METADATA/identity/OAuth2/token"]) {
      const answer = await daemon.ask({
        from: web,
        path: `${path}?resource=r`,
        headers: { Metadata: "TRUE" },
      });
      assert.equal(answer.status, 200);
    }
  });

  it("keeps what is for kubelet and Prometheus to itself", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics"]) {
      for (const from of ["127.0.0.1", web]) assert.equal((await daemon.ask({ from, path })).status, 404);
    }
  });

  it("names itself, and echoes a request id only if it looks like one", async () => {
    const echoed = await daemon.ask({ from: web, headers: { "x-ms-client-request-id": "12ab-34" } });
    assert.equal(echoed.headers["x-ms-request-id"], "12ab-34");
    assert.equal(echoed.headers["server"], "podid");
    const other = await daemon.ask({ from: web, headers: { "x-ms-correlation-id": "<script>" } });
    assert.match(String(other.headers["x-ms-request-id"]), /^[0-9a-f-]{36}$/);
  });
});
