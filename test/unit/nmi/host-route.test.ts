import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { descriptionOf, reader, startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import { answerAfter, startDaemon, vault, type Daemon, type HttpAnswer } from "./daemon.ts";
import { assigned, pod } from "./memory-resources.ts";

const node = "127.0.0.1";
const path = `/host/token/?resource=${encodeURIComponent(vault)}`;
const named = { podns: "shop", podname: "web" };

function askFor(
  daemon: Daemon,
  headers: Readonly<Record<string, string>> = named,
  from = node,
): Promise<HttpAnswer> {
  return daemon.ask({ from, path, headers });
}

let daemon: Daemon;
beforeEach(async () => {
  daemon = await startBoundPod();
});
afterEach(() => stopCleanly(daemon));

describe("a process of the node that asks for a pod", () => {
  it("gets the pod's token in the form that the Key Vault provider reads", async () => {
    const answer = await askFor(daemon);
    assert.equal(answer.status, 200);
    const { token, clientid } = JSON.parse(answer.text);
    assert.equal(clientid, "reader-client");
    assert.deepEqual(Object.keys(token), [
      "access_token",
      "refresh_token",
      "expires_in",
      "expires_on",
      "not_before",
      "resource",
      "token_type",
    ]);
    for (const value of Object.values(token)) assert.equal(typeof value, "string");
    assert.deepEqual([token.expires_in, token.resource], ["86400", vault]);
    assert.partialDeepStrictEqual(daemon.lines.at(-1), { outcome: "issued", pod: "shop/web", peer: node });
  });

  it("is not believed from another address, a pod's least of all", async () => {
    for (const from of [web, "127.0.0.99"]) {
      const answer = await askFor(daemon, named, from);
      assert.equal(answer.status, 403);
      assert.match(descriptionOf(answer), /NotFromNode/);
    }
    daemon.resources.put("Pod", pod("loop", node));
    assert.equal((await askFor(daemon)).status, 403);
  });

  it("is refused what the policy refuses the pod, and what another node's pod has", async () => {
    const unknown = await daemon.ask({ from: node, path: `${path}&client_id=nobody`, headers: named });
    assert.equal(unknown.status, 400);
    daemon.resources.put("Pod", pod("away", "127.0.0.9", { node: "node-2" }));
    const begun = daemon.clock.timerStarted();
    const answer = askFor(daemon, { ...named, podname: "away" });
    await begun;
    daemon.clock.advance(10_000);
    assert.equal((await answer).status, 404);
    assert.match(descriptionOf(await answer), /UnknownPod/);
  });

  it("waits for an assignment as the pod does, and for the pod to be known", async () => {
    const begun = daemon.clock.timerStarted();
    const answer = askFor(daemon, { ...named, podname: "late" });
    await begun;
    daemon.resources.put("AzureAssignedIdentity", assigned("late", reader));
    daemon.resources.put("Pod", pod("late", "127.0.0.3", { labels: { aadpodidbinding: "web" } }));
    assert.equal((await answer).status, 200);
  });

  it("gets nothing when another pod took the name during the call to Azure", async () => {
    daemon.azure.onAcquire = () => {
      daemon.resources.put("Pod", pod("web", web, { uid: "uid-web-2" }));
      return undefined;
    };
    const answer = await askFor(daemon);
    assert.equal(answer.status, 503);
    assert.match(descriptionOf(answer), /PodReplaced/);
  });

  it("gets nothing for a pod whose grace is over", async () => {
    const found = daemon.resources.get("Pod", "shop/web") ?? assert.fail();
    const deletionTimestamp = new Date(daemon.clock.nowMs() - 1000).toISOString();
    daemon.resources.put("Pod", { ...found, deletionTimestamp });
    const asked = askFor(daemon);
    await daemon.clock.timerStarted();
    daemon.clock.advance(10_000);
    assert.equal((await asked).status, 404);
  });

  it("has a budget for each pod, which nobody else can spend, and a pod that pretends spends its own", async () => {
    const limited = await startBoundPod({ nmi: { burstPerCaller: 2, perSecondPerCaller: 1 } });
    const statuses: number[] = [];
    const pretend = (podname: string) => askFor(limited, { ...named, podname }, "127.0.0.3");
    for (const podname of ["web", "web"]) statuses.push((await pretend(podname)).status);
    statuses.push((await answerAfter(limited, 1_000, () => pretend("another"))).status);
    assert.deepEqual(statuses, [403, 403, 429]);
    assert.equal((await askFor(limited)).status, 200);
    await stopCleanly(limited);
  });

  it("spends the node's own budget with pods that do not live here, whatever it calls them", async () => {
    const limited = await startBoundPod({ nmi: { burstPerCaller: 2, perSecondPerCaller: 1 } });
    limited.resources.put("Pod", pod("away", "127.0.0.9", { node: "node-2" }));
    const waiting = ["invented-1", "away"].map(async (podname) => {
      const begun = limited.clock.timerStarted();
      const answer = askFor(limited, { ...named, podname });
      await begun;
      return { answer };
    });
    const held = await Promise.all(waiting);
    const tooMany = limited.clock.timerStarted(1_000);
    const third = askFor(limited, { ...named, podname: "invented-2" });
    await tooMany;
    assert.equal((await askFor(limited)).status, 200);
    limited.clock.advance(10_000);
    assert.equal((await third).status, 429);
    for (const { answer } of held) assert.equal((await answer).status, 404);
    await stopCleanly(limited);
  });

  it("waits in few places for pods that do not live here, and takes none from a pod that does", async () => {
    const limited = await startBoundPod({ nmi: { mostHeldPerCaller: 1 } });
    const begun = limited.clock.timerStarted();
    const held = askFor(limited, { ...named, podname: "invented-1" });
    await begun;
    assert.equal((await askFor(limited, { ...named, podname: "invented-2" })).status, 410);
    limited.resources.put("Pod", pod("late", "127.0.0.3", { labels: { aadpodidbinding: "web" } }));
    const pending = limited.clock.timerStarted(50_000);
    const own = askFor(limited, { ...named, podname: "late" });
    await pending;
    limited.resources.put("AzureAssignedIdentity", assigned("late", reader));
    assert.equal((await own).status, 200);
    limited.clock.advance(10_000);
    assert.equal((await held).status, 404);
    await stopCleanly(limited);
  });

  it("is told what is missing", async () => {
    assert.equal((await askFor(daemon, { podns: "shop" })).status, 400);
  });

  it("finds nothing when the endpoint is switched off", async () => {
    const closed = await startDaemon({ at: "2026-06-14T12:00:00Z", nmi: { servesHostToken: false } });
    assert.equal((await askFor(closed)).status, 404);
    await closed.nmi.close();
  });
});
