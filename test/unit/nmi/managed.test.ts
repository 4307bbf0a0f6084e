import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { descriptionOf, hold, startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import type { Daemon } from "./daemon.ts";
import { binding, identity } from "./memory-resources.ts";

describe("managed mode, where nobody records assignments", () => {
  let daemon: Daemon;
  beforeEach(async () => {
    daemon = await startBoundPod({ nmi: { managed: true, namespaced: true } });
    daemon.resources.remove("AzureAssignedIdentity", "default/web-shop-reader");
    daemon.clock.advance(600_000);
  });
  afterEach(() => stopCleanly(daemon));

  it("answers what the policy selects at once", async () => {
    assert.equal((await daemon.askToken(web)).status, 200);
    const { status } = await daemon.askToken(web, `&client_id=${identity("reader").spec.clientID}`);
    assert.equal(status, 200);
  });

  it("refuses an identity that no binding gives the pod", async () => {
    daemon.resources.put("AzureIdentity", identity("other"));
    const answer = await daemon.askToken(web, `&client_id=${identity("other").spec.clientID}`);
    assert.notEqual(answer.status, 200);
  });

  it("stops when the binding goes, and starts when one comes", async () => {
    daemon.resources.remove("AzureIdentityBinding", "shop/plain");
    const { answer } = await hold(daemon);
    daemon.resources.put(
      "AzureIdentityBinding",
      binding("late", { azureIdentity: "reader", selector: "web" }),
    );
    assert.equal((await answer).status, 200);
    daemon.resources.remove("AzureIdentityBinding", "shop/late");
    const { answer: none } = await hold(daemon);
    daemon.clock.advance(10_000);
    assert.match(descriptionOf(await none), /NoMatchingBinding/);
  });
});
