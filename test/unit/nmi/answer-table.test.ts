import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import type { TokenResult } from "../../../src/nmi/ports.ts";
import { reader, startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import { answerAfter, tokenPath, vault, type Ask, type Daemon } from "./daemon.ts";
import { assigned, binding, identity, pod } from "./memory-resources.ts";
import { daily } from "./window-decider.ts";

const good = `${tokenPath}?api-version=2018-02-01&resource=${encodeURIComponent(vault)}`;
const header = { metadata: "true" };

interface Row {
  readonly situation: string;
  readonly arrange?: (daemon: Daemon) => void;
  readonly ask?: Omit<Ask, "from"> & { readonly from?: string };
  /** How long the request waits before it is answered. */
  readonly waitsMs?: number;
  readonly status: number;
  readonly error: string;
  readonly retryAfter?: string;
  readonly says?: RegExp;
}

const unassign = (daemon: Daemon): void =>
  daemon.resources.remove("AzureAssignedIdentity", "default/web-shop-reader");
const fail =
  (kind: Extract<TokenResult, { ok: false }>["failure"]["kind"], detail = "") =>
  (daemon: Daemon): void => {
    daemon.azure.onAcquire = () => ({ ok: false, failure: { kind, retryAfterSeconds: null, detail } });
  };

/** reference/azure.md §1.7, row by row, as pods see it. */
const table: readonly Row[] = [
  { situation: "no Metadata header", ask: { path: good, headers: {} }, status: 400, error: "invalid_request", says: /^Required metadata header not specified$/ },
  { situation: "empty Metadata header", ask: { path: good, headers: { metadata: "" } }, status: 400, error: "invalid_request", says: /^Required metadata header not specified$/ },
  { situation: "X-Forwarded-For present", ask: { path: good, headers: { ...header, "x-forwarded-for": "1.2.3.4" } }, status: 400, error: "invalid_request" },
  { situation: "repeated parameter", ask: { path: `${good}&resource=r`, headers: header }, status: 400, error: "invalid_request" },
  { situation: "more than one selector", ask: { path: `${good}&client_id=a&object_id=b`, headers: header }, status: 400, error: "invalid_request" },
  { situation: "no resource", ask: { path: `${tokenPath}?api-version=2018-02-01`, headers: header }, status: 400, error: "invalid_request" },
  { situation: "other method on the token path", ask: { path: good, headers: header, method: "POST" }, status: 405, error: "method_not_allowed" },
  { situation: "source address not known yet", ask: { path: good, headers: header, from: "127.0.0.9" }, waitsMs: 10_000, status: 404, error: "not_found", says: /UnknownCaller/ },
  { situation: "bound but not assigned on the VM yet", arrange: unassign, waitsMs: 50_000, status: 404, error: "not_found", says: /AssignmentPending/ },
  { situation: "IMDS lags after assignment", arrange: fail("identityNotFound"), waitsMs: 50_000, status: 404, error: "not_found", says: /AssignmentPending/ },
  { situation: "no binding at all", arrange: ({ resources }) => resources.remove("AzureIdentityBinding", "shop/plain"), waitsMs: 2_000, status: 404, error: "not_found", says: /NoMatchingBinding/ },
  { situation: "the asked identity is none of its own, while that is new", arrange: ({ resources }) => resources.put("Pod", pod("web", web, { startTime: "2026-06-14T12:09:59Z" })), ask: { path: `${good}&client_id=x`, headers: header }, waitsMs: 50_000, status: 404, error: "not_found", says: /IdentityNotFound/ },
  { situation: "the asked identity is none of its own, later", ask: { path: `${good}&client_id=x`, headers: header }, status: 400, error: "invalid_request", says: /^Identity not found/ },
  { situation: "policy denies", arrange: ({ resources }) => resources.put("AzureIdentityBinding", binding("plain", { azureIdentity: "reader", selector: "web", timeBox: daily("22:00", "23:00") })), status: 403, error: "access_denied", says: /OutsideSchedule/ },
  { situation: "blocked metadata path", ask: { path: "/metadata/attested/document", headers: header }, status: 403, error: "access_denied", says: /MetadataBlocked/ },
  { situation: "Entra refuses for good", arrange: fail("refused", "AADSTS7000215: wrong secret"), status: 403, error: "access_denied", says: /AADSTS7000215/ },
  { situation: "Entra or IMDS throttles", arrange: fail("throttled"), status: 429, error: "too_many_requests", retryAfter: "3" },
  { situation: "backend down and no usable cached token", arrange: fail("unavailable"), status: 503, error: "service_unavailable", retryAfter: "10" },
]; // prettier-ignore

describe("what the agent answers", () => {
  let daemon: Daemon;
  beforeEach(async () => {
    daemon = await startBoundPod();
  });
  afterEach(() => stopCleanly(daemon));

  for (const { situation, arrange, ask, waitsMs = 0, status, error, retryAfter, says = /./ } of table) {
    it(`${situation}: ${status}${waitsMs === 0 ? " at once" : ` after ${waitsMs / 1000} s`}`, async () => {
      arrange?.(daemon);
      const waits = waitsMs === 0 ? undefined : daemon.clock.timerStarted();
      const pending = daemon.ask({ path: good, headers: header, from: web, ...ask });
      await waits;
      for (let left = waitsMs; left > 0; left -= 2_000) {
        const isOver = left <= 2_000;
        const again = isOver ? undefined : nextWait(daemon);
        daemon.clock.advance(Math.min(left, 2_000));
        await again;
      }
      const answer = await pending;
      assert.deepEqual([answer.status, answer.json["error"]], [status, error]);
      assert.match(answer.json["error_description"] ?? "", says);
      assert.equal(answer.headers["retry-after"], retryAfter);
      assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
    });
  }

  it("several identities and no selector: the first by weight and name", async () => {
    daemon.resources.put("AzureIdentity", identity("aaa"));
    daemon.resources.put("AzureIdentityBinding", binding("first", { azureIdentity: "aaa", selector: "web" }));
    daemon.resources.put("AzureAssignedIdentity", assigned("web", identity("aaa")));
    assert.equal((await daemon.askToken(web)).json["client_id"], "aaa-client");
  });

  it("agent draining: 503 with Retry-After 2, and the connection is closed", async () => {
    unassign(daemon);
    const waits = daemon.clock.timerStarted();
    const pending = daemon.askToken(web);
    await waits;
    const closed = daemon.nmi.close();
    const { status, headers } = await pending;
    assert.deepEqual([status, headers["retry-after"], headers["connection"]], [503, "2", "close"]);
    await closed;
  });
});

/** Whoever waits upstream asks again after 2 s; whoever waits for a change does not. */
function nextWait({ clock }: Daemon): Promise<void> | undefined {
  return clock.nextTimerInMs() === 2_000 ? clock.timerStarted(2_000) : undefined;
}

describe("requests over the bounds", () => {
  it("are answered 410 without Retry-After at once when as many wait as may, and others still wait", async () => {
    const daemon = await startBoundPod({ nmi: { mostHeldPerCaller: 1 } });
    unassign(daemon);
    daemon.resources.put("Pod", pod("other", "127.0.0.3", { labels: { aadpodidbinding: "web" } }));
    const begun = daemon.clock.timerStarted();
    const first = daemon.askToken(web);
    await begun;
    const second = await daemon.askToken(web);
    assert.deepEqual([second.status, second.headers["retry-after"]], [410, undefined]);
    assert.match(second.json["error_description"] ?? "", /TooManyHeld/);
    const otherBegun = daemon.clock.timerStarted();
    const other = daemon.askToken("127.0.0.3");
    await otherBegun;
    daemon.resources.put("AzureAssignedIdentity", assigned("web", reader));
    daemon.resources.put("AzureAssignedIdentity", assigned("other", reader));
    assert.deepEqual([(await first).status, (await other).status], [200, 200]);
    await stopCleanly(daemon);
  });

  it("of a flooding pod are answered 429 with Retry-After, a second late; its probes and other pods are answered as ever", async () => {
    const daemon = await startBoundPod({ nmi: { burstPerCaller: 2, perSecondPerCaller: 1 } });
    daemon.resources.put("Pod", pod("other", "127.0.0.3", { labels: { aadpodidbinding: "web" } }));
    daemon.resources.put("AzureAssignedIdentity", assigned("other", reader));
    const answers = [];
    for (let index = 0; index < 2; index += 1) answers.push(await daemon.askToken(web));
    for (let index = 0; index < 3; index += 1) {
      // A second late, in which the allowance grows by the one that was missing.
      answers.push(await answerAfter(daemon, 1_000, () => daemon.askToken(web)), await daemon.askToken(web));
    }
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 429, 200, 429, 200, 429, 200],
    );
    assert.equal(answers.at(2)?.headers["retry-after"], "3");
    assert.equal((await daemon.ask({ from: web })).status, 400);
    assert.equal((await daemon.askToken("127.0.0.3")).status, 200);
    const told = daemon.lines.filter(({ outcome }) => outcome === "tooManyRequests");
    assert.equal(told.length, 1);
    await stopCleanly(daemon);
  });

  it("that are refused while they are read count too, and stand in the log until they are too many", async () => {
    const daemon = await startBoundPod({ nmi: { burstPerCaller: 2, perSecondPerCaller: 1 } });
    const nonsense = () =>
      daemon.ask({ from: web, path: "/metadata/nonsense", headers: { metadata: "true" } });
    const before = daemon.lines.length;
    const answers = [await nonsense(), await nonsense()];
    for (let index = 0; index < 2; index += 1)
      answers.push(await answerAfter(daemon, 1_000, nonsense), await nonsense());
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404, 429, 404, 429, 404],
    );
    const outcomes = daemon.lines.slice(before).map(({ outcome }) => outcome);
    assert.deepEqual(outcomes.filter((outcome) => outcome === "tooManyRequests").length, 1);
    await stopCleanly(daemon);
  });

  it("of a pod that probes without end are answered as probes are, a third of a second late beyond 500", async () => {
    const daemon = await startBoundPod();
    const probe = () => daemon.ask({ from: web });
    const statuses = new Set<number>();
    for (let index = 0; index < 500; index += 1) statuses.add((await probe()).status);
    const late = await answerAfter(daemon, 300, probe);
    assert.deepEqual([...statuses, late.status], [400, 400]);
    assert.match(late.text, /Required metadata header not specified/);
    assert.equal((await daemon.askToken(web)).status, 200);
    await stopCleanly(daemon);
  });
});

describe("--set-retry-after-header", () => {
  const rows = [
    { situation: "pending", arrange: unassign, waitsMs: 50_000, query: "" },
    {
      situation: "an identity that is none of its own",
      arrange: () => undefined,
      waitsMs: 0,
      query: "&client_id=x",
    },
  ];
  for (const { situation, arrange, waitsMs, query } of rows) {
    it(`answers 503 with Retry-After 20 to ${situation}`, async () => {
      const daemon = await startBoundPod({ nmi: { retryAfterUnselected: true } });
      arrange(daemon);
      const waits = waitsMs === 0 ? undefined : daemon.clock.timerStarted();
      const pending = daemon.askToken(web, query);
      await waits;
      daemon.clock.advance(waitsMs);
      const { status, headers } = await pending;
      assert.deepEqual([status, headers["retry-after"]], [503, "20"]);
      await stopCleanly(daemon);
    });
  }
});
