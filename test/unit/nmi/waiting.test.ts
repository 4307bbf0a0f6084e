import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { descriptionOf, hold, reader, startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import type { Daemon, HttpAnswer } from "./daemon.ts";
import { assigned, binding, identity, pod } from "./memory-resources.ts";
import { createWindowDecider } from "./window-decider.ts";

let daemon: Daemon;
beforeEach(async () => {
  daemon = await startBoundPod();
});
afterEach(() => stopCleanly(daemon));

describe("the caller", () => {
  it("may be younger than our view of the cluster", async () => {
    const { answer } = await hold(daemon, "127.0.0.3");
    daemon.clock.advance(9_000);
    daemon.resources.put("AzureAssignedIdentity", assigned("late", reader));
    daemon.resources.put("Pod", pod("late", "127.0.0.3", { labels: { aadpodidbinding: "web" } }));
    assert.equal((await answer).status, 200);
  });

  it("is answered 404 when nobody has its address for 10 s", async () => {
    const { answer } = await hold(daemon, "127.0.0.3");
    daemon.clock.advance(10_000);
    const { status, headers } = await answer;
    assert.equal(status, 404);
    assert.equal(headers["retry-after"], undefined);
    assert.match(descriptionOf(await answer), /UnknownCaller/);
  });

  it("is answered 503 when two pods claim its address for 10 s", async () => {
    daemon.resources.put("Pod", pod("twin", web));
    const { answer } = await hold(daemon);
    daemon.clock.advance(10_000);
    assert.equal((await answer).status, 503);
    assert.match(descriptionOf(await answer), /AmbiguousCaller/);
  });

  it("is known again as soon as the other claim to its address ends", async () => {
    daemon.resources.put("Pod", pod("twin", web));
    const { answer } = await hold(daemon);
    daemon.resources.put("Pod", pod("twin", web, { phase: "Failed" }));
    assert.equal((await answer).status, 200);
  });

  it("is refused at once, with a reason of its own, when it is the node", async () => {
    daemon.resources.put("Pod", pod("proxy", "127.0.0.9", { hostNetwork: true }));
    const answer = await daemon.askToken("127.0.0.9");
    assert.equal(answer.status, 403);
    assert.match(descriptionOf(answer), /HostNetworkPod/);
  });

  it("gets nothing when another pod took its address during the call to Azure", async () => {
    daemon.azure.onAcquire = () => {
      daemon.resources.remove("Pod", "shop/web");
      daemon.resources.put("Pod", pod("web", web, { uid: "uid-web-2" }));
      return undefined;
    };
    const answer = await daemon.askToken(web);
    assert.equal(answer.status, 503);
    assert.match(descriptionOf(answer), /PodReplaced/);
  });

  it("gets nothing when its pod ends while it waits", async () => {
    daemon.resources.remove("AzureAssignedIdentity", "default/web-shop-reader");
    const { answer } = await hold(daemon);
    daemon.resources.put("Pod", pod("web", web, { phase: "Succeeded" }));
    assert.match(descriptionOf(await answer), /PodReplaced/);
  });

  it("ends its wait by leaving", async () => {
    daemon.resources.remove("AzureAssignedIdentity", "default/web-shop-reader");
    const client = new AbortController();
    const { answer } = await hold(daemon, web, "", client.signal);
    const logged = daemon.nextLine();
    client.abort();
    await assert.rejects(answer);
    assert.partialDeepStrictEqual(await logged, { outcome: "clientGone", status: 499 });
    assert.equal(daemon.clock.nextTimerInMs(), null);
  });
});

describe("a pending assignment", () => {
  beforeEach(() => daemon.resources.put("AzureAssignedIdentity", assigned("web", reader, "Created")));

  it("is waited for, and answered as soon as the store shows it", async () => {
    const { answer } = await hold(daemon);
    daemon.clock.advance(49_000);
    daemon.resources.put("AzureAssignedIdentity", assigned("web", reader));
    assert.equal((await answer).status, 200);
  });

  it("is answered 404 without Retry-After after 50 s", async () => {
    const { answer } = await hold(daemon);
    daemon.clock.advance(50_000);
    const { status, headers } = await answer;
    assert.equal(status, 404);
    assert.equal(headers["retry-after"], undefined);
    assert.match(descriptionOf(await answer), /AssignmentPending/);
  });

  it("is judged anew for its own pod alone when it is done: 110 who wait cost one another nothing", async () => {
    let judged = 0;
    await stopCleanly(daemon);
    daemon = await startBoundPod({
      decider: (resources) => {
        const decider = createWindowDecider(resources);
        return {
          decide: (entrypoint, input) => {
            judged += 1;
            return decider.decide(entrypoint, input);
          },
        };
      },
    });
    const names = Array.from({ length: 110 }, (_, index) => `held-${index}`);
    const labels = { aadpodidbinding: "web" };
    for (const [index, name] of names.entries())
      daemon.resources.put("Pod", pod(name, `127.0.1.${index + 1}`, { labels }));
    const answers: Promise<HttpAnswer>[] = [];
    for (const index of names.keys()) answers.push((await hold(daemon, `127.0.1.${index + 1}`)).answer);
    const before = judged;
    const logged = daemon.nextLine();
    daemon.resources.put("Pod", pod("elsewhere", "127.0.2.1"));
    daemon.resources.put("AzureAssignedIdentity", assigned("held-7", reader));
    assert.partialDeepStrictEqual(await logged, { pod: "shop/held-7", status: 200 });
    assert.equal(judged - before, 2, "before and after the call to Azure");
    for (const name of names) daemon.resources.put("AzureAssignedIdentity", assigned(name, reader));
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
    assert.equal(judged - before, 2 * names.length);
    assert.equal(daemon.azure.calls.length, 1);
  });

  it("does not count for a pod of the same name on another node", async () => {
    const elsewhere = assigned("web", reader);
    daemon.resources.put("AzureAssignedIdentity", {
      ...elsewhere,
      spec: { ...elsewhere.spec, nodename: "node-2" },
    });
    const { answer } = await hold(daemon);
    daemon.clock.advance(50_000);
    assert.equal((await answer).status, 404);
  });

  it("does not count for a pod that came back under its old name", async () => {
    const earlier = assigned("web", reader);
    const annotations = { "podid.dev/pod-uid": "uid-of-the-earlier-pod" };
    daemon.resources.put("AzureAssignedIdentity", { ...earlier, annotations });
    const { answer } = await hold(daemon);
    daemon.clock.advance(50_000);
    assert.equal((await answer).status, 404);
  });

  it("is not waited for by an identity that needs none", async () => {
    daemon.resources.put("AzureIdentity", identity("reader", { type: 1 }));
    assert.equal((await daemon.askToken(web)).status, 200);
  });

  it("is refused when the daemon stops, so that the client asks the next one", async () => {
    const { answer } = await hold(daemon);
    const closed = daemon.nmi.close();
    const { status, headers } = await answer;
    assert.equal(status, 503);
    assert.equal(headers["retry-after"], "2");
    assert.equal(headers["connection"], "close");
    await closed;
  });
});

describe("an identity that is not found", () => {
  it("is refused at once when nothing has changed lately", async () => {
    const answer = await daemon.askToken(web, "&client_id=nobody");
    assert.equal(answer.status, 400);
    assert.equal(descriptionOf(answer), "Identity not found (IdentityNotFound)");
  });

  it("is waited for while its pod is new", async () => {
    daemon.resources.put("Pod", pod("web", web, { startTime: "2026-06-14T12:09:50Z" }));
    const { answer } = await hold(daemon, web, "&client_id=other-client");
    daemon.resources.put("AzureAssignedIdentity", assigned("web", identity("reader")));
    daemon.resources.put("AzureIdentity", identity("reader", { clientID: "other-client" }));
    assert.equal((await answer).status, 200);
  });

  it("is waited for after a change of its binding, until the grace has passed", async () => {
    daemon.resources.put(
      "AzureIdentityBinding",
      binding("plain", { azureIdentity: "reader", selector: "web" }),
    );
    daemon.clock.advance(100_000);
    const { answer } = await hold(daemon, web, "&client_id=nobody");
    daemon.clock.advance(20_000);
    assert.equal((await answer).status, 400);
  });

  it("is answered 404 when the wait ends within the grace", async () => {
    daemon.resources.put("AzureIdentity", identity("reader"));
    const { answer } = await hold(daemon, web, "&client_id=nobody");
    daemon.clock.advance(50_000);
    assert.equal((await answer).status, 404);
    assert.match(descriptionOf(await answer), /IdentityNotFound/);
  });
});
