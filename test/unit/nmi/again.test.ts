import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { descriptionOf, startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import type { Daemon } from "./daemon.ts";
import { assigned, binding, identity, pod } from "./memory-resources.ts";
import { createWindowDecider, daily } from "./window-decider.ts";

let daemon: Daemon;
/** Instants at which the policy was asked for a token. */
let asked: number[];
beforeEach(async () => {
  asked = [];
  daemon = await startBoundPod({
    decider: (resources) => {
      const decider = createWindowDecider(resources);
      return {
        decide: (entrypoint, input) => {
          if (entrypoint === "token" && "now" in input) asked.push(input.now);
          return decider.decide(entrypoint, input);
        },
      };
    },
  });
  assert.equal((await daemon.askToken(web)).status, 200);
  asked = [];
});
afterEach(() => stopCleanly(daemon));

describe("a pod that asks again for a token that is at hand", () => {
  it("costs one decision, made then", async () => {
    daemon.clock.advance(1000);
    assert.equal((await daemon.askToken(web)).status, 200);
    assert.deepEqual(asked, [daemon.clock.nowMs() * 1e6]);
    assert.equal(daemon.azure.calls.length, 1);
  });

  it("is refused as soon as its binding is closed, and told when it opens", async () => {
    const nightly = {
      azureIdentity: "reader",
      selector: "web",
      timeBox: daily("22:00", "23:00"),
    };
    daemon.resources.put("AzureIdentityBinding", binding("plain", nightly));
    const answer = await daemon.askToken(web);
    assert.equal(answer.status, 403);
    assert.match(descriptionOf(answer), /OutsideSchedule; opens/);
  });

  it("is told the end of a window that its binding has got meanwhile", async () => {
    const short = { azureIdentity: "reader", selector: "web", timeBox: daily("12:00", "12:20") };
    daemon.resources.put("AzureIdentityBinding", binding("plain", short));
    assert.equal((await daemon.askToken(web)).json["expires_in"], "600");
  });

  it("gets the identity that it is to have now", async () => {
    daemon.resources.put("AzureIdentity", identity("writer"));
    daemon.resources.put("AzureAssignedIdentity", assigned("web", identity("writer")));
    const heavier = { azureIdentity: "writer", selector: "web", weight: 9 };
    daemon.resources.put("AzureIdentityBinding", binding("heavy", heavier));
    assert.equal((await daemon.askToken(web)).json["client_id"], "writer-client");
  });

  it("gets nothing of the token when it has been replaced under its name and address", async () => {
    daemon.resources.put("Pod", pod("web", web, { uid: "uid-web-2", labels: { aadpodidbinding: "nobody" } }));
    const held = daemon.clock.timerStarted();
    const answer = daemon.askToken(web);
    await held;
    daemon.clock.advance(2000);
    assert.equal((await answer).status, 404);
  });
});
