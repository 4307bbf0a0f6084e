import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { startDaemon, vault, type Daemon } from "./daemon.ts";
import { assigned, binding, identity, pod } from "./memory-resources.ts";
import { daily } from "./window-decider.ts";

// One daemon, moved through a night: the founding example of the project.
describe("a night of NMI", () => {
  let daemon: Daemon;
  const reader = identity("reader");
  const writer = identity("writer");
  const frontend = "127.0.0.2";
  const backend = "127.0.0.3";
  const batch = "127.0.0.4";

  before(async () => {
    daemon = await startDaemon({ at: "2026-06-14T21:59:59Z" });
    const { resources } = daemon;
    resources.put("AzureIdentity", reader);
    resources.put("AzureIdentity", writer);
    resources.put(
      "AzureIdentityBinding",
      binding("nightly", { azureIdentity: "reader", selector: "frontend", timeBox: daily("22:00", "23:00") }),
    );
    resources.put("AzureIdentityBinding", binding("plain", { azureIdentity: "writer", selector: "backend" }));
    resources.put(
      "AzureIdentityBinding",
      binding("light", { azureIdentity: "writer", selector: "batch", weight: 1 }),
    );
    resources.put(
      "AzureIdentityBinding",
      binding("heavy", { azureIdentity: "reader", selector: "batch", weight: 5 }),
    );
    resources.put("Pod", pod("frontend", frontend));
    resources.put("Pod", pod("backend", backend));
    resources.put("Pod", pod("batch", batch));
    resources.put("Pod", pod("stranger", "127.0.0.5"));
    resources.put("Pod", pod("addon", "127.0.0.6", { labels: { excepted: "true" } }));
    resources.put("AzureAssignedIdentity", assigned("frontend", reader));
    resources.put("AzureAssignedIdentity", assigned("backend", writer));
    resources.put("AzureAssignedIdentity", assigned("batch", reader));
    resources.put("AzureAssignedIdentity", assigned("batch", writer));
  });
  after(() => daemon.nmi.close());

  it("refuses one second before the window opens, and says when it will", async () => {
    const answer = await daemon.askToken(frontend);
    assert.equal(answer.status, 403);
    assert.deepEqual(answer.json, {
      error: "access_denied",
      error_description: "binding shop/nightly not in force: OutsideSchedule; opens 2026-06-14T22:00:00Z",
    });
    assert.deepEqual(daemon.azure.calls, []);
  });

  it("issues at the opening, with the window's end as expiry", async () => {
    daemon.clock.advance(1000);
    const answer = await daemon.askToken(frontend);
    assert.equal(answer.status, 200);
    assert.deepEqual(Object.keys(answer.json), [
      "access_token",
      "client_id",
      "expires_in",
      "expires_on",
      "ext_expires_in",
      "not_before",
      "resource",
      "token_type",
    ]);
    const { access_token: token, ...rest } = answer.json;
    assert.equal(token?.split(".").length, 3);
    assert.deepEqual(rest, {
      client_id: "reader-client",
      expires_in: "3600",
      expires_on: String(Date.parse("2026-06-14T23:00:00Z") / 1000),
      ext_expires_in: "3600",
      not_before: String(Date.parse("2026-06-14T22:00:00Z") / 1000),
      resource: vault,
      token_type: "Bearer",
    });
  });

  it("serves another pod's request for the same identity from the cache", async () => {
    const calls = daemon.azure.calls.length;
    const answer = await daemon.askToken(batch);
    assert.equal(answer.json["client_id"], "reader-client");
    assert.equal(daemon.azure.calls.length, calls);
  });

  it("gives a pod with two identities the one it names", async () => {
    const answer = await daemon.askToken(batch, "&client_id=WRITER-client");
    assert.equal(answer.json["client_id"], "writer-client");
  });

  it("tells the full life of a token that no box limits", async () => {
    const answer = await daemon.askToken(backend);
    assert.equal(answer.json["expires_in"], "86400");
  });

  it("shortens what it tells as the window runs out", async () => {
    daemon.clock.advance(50 * 60_000);
    const { json } = await daemon.askToken(frontend);
    assert.equal(json["expires_in"], "600");
  });

  it("refuses a client id of another pod's identity as not found", async () => {
    const answer = await daemon.askToken(backend, "&client_id=reader-client");
    // The bindings changed an hour ago: nothing is worth waiting for.
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.json, {
      error: "invalid_request",
      error_description: "Identity not found (IdentityNotFound)",
    });
  });

  it("passes an excepted pod through to the platform", async () => {
    const answer = await daemon.askToken("127.0.0.6");
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, { raw: vault });
  });

  it("refuses at the closing edge, naming tomorrow's opening", async () => {
    daemon.clock.advance(10 * 60_000);
    const answer = await daemon.askToken(frontend);
    assert.equal(answer.status, 403);
    assert.match(answer.json["error_description"] ?? "", /OutsideSchedule; opens 2026-06-15T22:00:00Z$/);
  });

  it("answers a pod without binding 404 after a short wait", async () => {
    const isHeld = daemon.clock.timerStarted();
    const answer = daemon.askToken("127.0.0.5");
    await isHeld;
    daemon.clock.advance(2_000);
    const { status, headers, json } = await answer;
    assert.equal(status, 404);
    assert.equal(headers["retry-after"], undefined);
    assert.match(json["error_description"] ?? "", /NoMatchingBinding/);
  });

  it("logged each request in one line, with both expiries and without any token", () => {
    const served = daemon.lines.filter(({ msg }) => msg === "request served");
    assert.equal(served.length, 10);
    const first = served.find(({ outcome }) => outcome === "issued");
    assert.partialDeepStrictEqual(first, {
      pod: "shop/frontend",
      podUid: "uid-frontend",
      identity: "shop/reader",
      binding: "shop/nightly",
      resource: vault,
      status: 200,
      reasons: [],
      realExp: Date.parse("2026-06-15T22:00:00Z") / 1000,
      toldExp: Date.parse("2026-06-14T23:00:00Z") / 1000,
    });
    assert.doesNotMatch(JSON.stringify(daemon.lines), /eyJ/);
  });

  it("counts what it did", async () => {
    const { text } = await daemon.metrics.render();
    assert.match(text, /podid_nmi_requests_total\{outcome="issued",status="200"\} 5/);
    assert.match(text, /podid_nmi_token_fetches_total\{result="ok"\} 2/);
    assert.match(text, /podid_nmi_held_requests 0/);
  });
});
