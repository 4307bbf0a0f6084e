import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import type { TokenFailure, TokenResult } from "../../../src/nmi/ports.ts";
import { descriptionOf, hold, startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import type { Daemon } from "./daemon.ts";
import { assigned, binding, identity, pod } from "./memory-resources.ts";
import { daily, type CustomRules } from "./window-decider.ts";

const notFound: TokenResult = {
  ok: false,
  failure: { kind: "identityNotFound", retryAfterSeconds: null, detail: "Identity not found" },
};

let daemon: Daemon;
beforeEach(async () => {
  daemon = await startBoundPod();
});
afterEach(() => stopCleanly(daemon));

function moveTo(time: string): void {
  daemon.clock.advance(Date.parse(`2026-06-14T${time}Z`) - daemon.clock.nowMs());
}

describe("a time box", () => {
  const nightly = binding("plain", {
    azureIdentity: "reader",
    selector: "web",
    timeBox: daily("22:00", "23:00"),
  });

  it("throws away a token that crosses its closing edge (time-boxes.md scenario 38)", async () => {
    daemon.resources.put("AzureIdentityBinding", nightly);
    moveTo("22:59:59.900");
    daemon.azure.onAcquire = () => {
      moveTo("23:00:02");
      return undefined;
    };
    const answer = await daemon.askToken(web);
    assert.equal(answer.status, 403);
    assert.match(descriptionOf(answer), /OutsideSchedule; opens 2026-06-15T22:00:00Z/);
    assert.equal(daemon.azure.calls.length, 1);
    daemon.resources.put(
      "AzureIdentityBinding",
      binding("plain", { azureIdentity: "reader", selector: "web" }),
    );
    daemon.azure.onAcquire = () => undefined;
    assert.equal((await daemon.askToken(web)).status, 200);
    assert.equal(daemon.azure.calls.length, 2, "not even somebody who may have it gets that token");
  });

  it("opens to the second without any other event (scenario 39)", async () => {
    daemon.resources.put("AzureIdentityBinding", nightly);
    moveTo("21:59:59");
    assert.equal((await daemon.askToken(web)).status, 403);
    moveTo("22:00:00");
    assert.equal((await daemon.askToken(web)).status, 200);
    moveTo("22:57:00");
    assert.equal((await daemon.askToken(web)).json["expires_in"], "180");
  });

  it("is answered at once when it closes, not held", async () => {
    daemon.resources.put("AzureIdentityBinding", nightly);
    daemon.resources.remove("AzureAssignedIdentity", "default/web-shop-reader");
    moveTo("22:59:30");
    const { answer } = await hold(daemon);
    moveTo("23:00:00");
    daemon.resources.put("Pod", pod("web", web));
    assert.equal((await answer).status, 403);
  });

  it("reaches over several bindings of one identity: no hole, no early end", async () => {
    daemon.resources.put("AzureIdentityBinding", nightly);
    const late = { azureIdentity: "reader", selector: "web", timeBox: daily("23:00", "23:30") };
    daemon.resources.put("AzureIdentityBinding", binding("late", late));
    moveTo("22:30:00");
    assert.equal((await daemon.askToken(web)).json["expires_in"], "3600");
  });

  it("is refused when the binding changes so during the call to Azure", async () => {
    daemon.azure.onAcquire = () => {
      daemon.resources.put("AzureIdentityBinding", nightly);
      return undefined;
    };
    assert.equal((await daemon.askToken(web)).status, 403);
  });

  it("never yields a token of the identity that was meant before the call to Azure", async () => {
    daemon.azure.onAcquire = () => {
      daemon.azure.onAcquire = () => undefined;
      daemon.resources.put("AzureIdentity", identity("writer"));
      daemon.resources.put("AzureAssignedIdentity", assigned("web", identity("writer")));
      const heavier = { azureIdentity: "writer", selector: "web", weight: 9 };
      daemon.resources.put("AzureIdentityBinding", binding("heavy", heavier));
      return undefined;
    };
    const answer = await daemon.askToken(web);
    assert.equal(answer.json["client_id"], "writer-client");
    assert.deepEqual(
      daemon.azure.calls.map((call) => call.split(" ")[0]),
      ["reader", "writer"],
    );
  });

  for (const [name, limits] of [
    ["TokenLifetimeTooShort", { clampResponse: true, minLifetimeSeconds: 301, maxOverhangSeconds: null }],
    ["TokenOverhang", { clampResponse: true, minLifetimeSeconds: 0, maxOverhangSeconds: 3600 }],
  ] as const) {
    it(`refuses ${name} by the policy's limits`, async () => {
      await daemon.nmi.close();
      daemon = await startBoundPod({ limits });
      daemon.resources.put("AzureIdentityBinding", nightly);
      moveTo("22:55:00");
      const answer = await daemon.askToken(web);
      assert.equal(answer.status, 403);
      assert.match(descriptionOf(answer), new RegExp(name));
    });
  }
});

describe("Azure's failures", () => {
  it("waits out IMDS' lag behind an assignment, asking every 2 s", async () => {
    daemon.azure.onAcquire = () => (daemon.azure.calls.length < 3 ? notFound : undefined);
    const answer = daemon.askToken(web);
    for (const calls of [1, 2]) {
      while (daemon.clock.nextTimerInMs() !== 2_000) await daemon.clock.timerStarted();
      assert.equal(daemon.azure.calls.length, calls);
      daemon.clock.advance(2_000);
    }
    assert.equal((await answer).status, 200);
  });

  const rows: readonly {
    readonly kind: TokenFailure["kind"];
    readonly retryAfterSeconds: number | null;
    readonly status: number;
    readonly code: string;
    readonly retryAfter: string | undefined;
  }[] = [
    { kind: "refused", retryAfterSeconds: null, status: 403, code: "UpstreamRefused", retryAfter: undefined },
    { kind: "throttled", retryAfterSeconds: 5, status: 429, code: "UpstreamThrottled", retryAfter: "5" },
    { kind: "throttled", retryAfterSeconds: null, status: 429, code: "UpstreamThrottled", retryAfter: "3" },
    {
      kind: "unavailable",
      retryAfterSeconds: null,
      status: 503,
      code: "UpstreamUnavailable",
      retryAfter: "10",
    },
    {
      kind: "credential",
      retryAfterSeconds: null,
      status: 503,
      code: "CredentialUnavailable",
      retryAfter: "10",
    },
    {
      kind: "unsupported",
      retryAfterSeconds: null,
      status: 403,
      code: "UnsupportedIdentityType",
      retryAfter: undefined,
    },
  ];
  for (const { kind, retryAfterSeconds, status, code, retryAfter } of rows) {
    it(`answers ${kind} (asking for ${retryAfterSeconds} s) with ${status} and ${code}`, async () => {
      const detail = "AADSTS7000215: Invalid client secret provided.";
      daemon.azure.onAcquire = () => ({ ok: false, failure: { kind, retryAfterSeconds, detail } });
      const answer = await daemon.askToken(web);
      assert.equal(answer.status, status);
      assert.equal(answer.headers["retry-after"], retryAfter);
      assert.match(descriptionOf(answer), new RegExp(code));
      if (kind === "refused") assert.match(descriptionOf(answer), /AADSTS7000215/);
    });
  }

  it("answers an excepted pod 503 when the platform does not", async () => {
    daemon.resources.put("Pod", pod("web", web, { labels: { excepted: "true" } }));
    daemon.azure.fetchToken = () => Promise.reject(new Error("canary"));
    const answer = await daemon.askToken(web);
    assert.equal(answer.status, 503);
    assert.doesNotMatch(answer.text, /canary/);
  });

  for (const [status, seconds] of [
    [429, "3"],
    [503, "10"],
  ] as const) {
    it(`tells an excepted pod when to come back when the platform says ${status}`, async () => {
      daemon.resources.put("Pod", pod("web", web, { labels: { excepted: "true" } }));
      daemon.azure.fetchToken = () => Promise.resolve({ status, body: "busy", retryAfterSeconds: null });
      const answer = await daemon.askToken(web);
      assert.deepEqual([answer.status, answer.headers["retry-after"]], [status, seconds]);
    });
  }

  it("gives an excepted pod nothing once it has been replaced", async () => {
    daemon.resources.put("Pod", pod("web", web, { labels: { excepted: "true" } }));
    daemon.azure.fetchToken = () => {
      daemon.resources.put("Pod", pod("web", web, { uid: "uid-web-2" }));
      return Promise.resolve({ status: 200, body: "{}", retryAfterSeconds: null });
    };
    assert.equal((await daemon.askToken(web)).status, 503);
  });

  it("keeps the platform's answer from a pod whose exception went meanwhile, and judges it anew", async () => {
    daemon.resources.put("Pod", pod("web", web, { labels: { excepted: "true" } }));
    daemon.azure.fetchToken = () => {
      daemon.resources.put("Pod", pod("web", web, { labels: { aadpodidbinding: "nobody" } }));
      return Promise.resolve({
        status: 200,
        body: '{"access_token":"of-the-node"}',
        retryAfterSeconds: null,
      });
    };
    daemon.clock.advance(60_000);
    const asked = daemon.askToken(web);
    await daemon.clock.timerStarted();
    await daemon.clock.timerStarted();
    daemon.clock.advance(5_000);
    const answer = await asked;
    assert.equal(answer.status, 404);
    assert.doesNotMatch(answer.text, /of-the-node/);
  });

  it("answers a fault of its own with 500, and tells the log alone why", async () => {
    daemon.resources.ageSeconds = () => {
      throw new Error("canary");
    };
    const answer = await daemon.askToken(web);
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.text, /canary/);
    assert.match(JSON.stringify(daemon.lines), /canary/);
    assert.equal(daemon.lines.at(-1)?.["outcome"], "internalError");
  });
});

describe("a token that custom rules take part in", () => {
  const inTwoMinutes = Date.parse("2026-06-14T12:12:00Z") * 1e6;
  const tomorrow = Date.parse("2026-06-15T12:00:00Z") * 1e6;
  const rows: Readonly<
    Record<
      string,
      { readonly custom: CustomRules; readonly toldSeconds: string; readonly mismatches?: number }
    >
  > = {
    "is told to live a minute when they declare nothing": { custom: { hints: {} }, toldSeconds: "60" },
    "is told to end where they say that they change": {
      custom: { hints: { validUntil: inTwoMinutes }, endsAt: inTwoMinutes },
      toldSeconds: "120",
    },
    "is told five minutes at most, however far they look ahead": {
      custom: { hints: { nextTransition: tomorrow }, endsAt: tomorrow },
      toldSeconds: "300",
    },
    "is told to live a minute when they do not change where they say": {
      custom: { hints: { nextTransition: tomorrow } },
      toldSeconds: "60",
      mismatches: 1,
    },
    "is told the span that they ask for when they do not change where they say": {
      custom: { hints: { nextTransition: tomorrow, recheckAfter: 90e9 } },
      toldSeconds: "90",
      mismatches: 1,
    },
  };
  for (const [name, { custom, toldSeconds, mismatches = 0 }] of Object.entries(rows)) {
    it(name, async () => {
      const ruled = await startBoundPod({ custom });
      assert.equal((await ruled.askToken(web)).json["expires_in"], toldSeconds);
      const { text } = await ruled.metrics.render();
      assert.match(text, new RegExp(`^podid_policy_hint_mismatch_total ${mismatches}$`, "m"));
      await stopCleanly(ruled);
    });
  }
});
