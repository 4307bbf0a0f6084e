import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { statusOf } from "../../../src/nmi/outcome.ts";
import { refuse } from "../../../src/nmi/refusals.ts";
import { metadataHeaderMissing } from "../../../src/nmi/request.ts";
import { refusalAnswer } from "../../../src/nmi/response.ts";

describe("refusalAnswer", () => {
  it("answers a missing Metadata header with exactly the 88 bytes of the real service", () => {
    const { status, body } = refusalAnswer(metadataHeaderMissing);
    assert.equal(status, 400);
    assert.equal(
      body,
      '{"error":"invalid_request","error_description":"Required metadata header not specified"}',
    );
    assert.equal(Buffer.byteLength(body), 88);
  });

  it('never says "unreachable", which SDKs take for a missing service', () => {
    const { body } = refusalAnswer(refuse("upstreamRefused", "UpstreamRefused", "host UNREACHABLE here"));
    assert.doesNotMatch(body, /unreachable/i);
  });

  it("keeps descriptions on one line and of bounded length", () => {
    const { body } = refusalAnswer(refuse("upstreamRefused", "UpstreamRefused", `a\r\n${"b".repeat(5000)}`));
    assert.match(body, /"a b+"/);
    assert.ok(body.length < 1100);
  });

  const retries = [
    { kind: "upstreamThrottled", asked: undefined, expected: "3" },
    { kind: "upstreamThrottled", asked: 7, expected: "7" },
    { kind: "upstreamThrottled", asked: 120, expected: "10" },
    { kind: "upstreamUnavailable", asked: 60, expected: "10" },
    { kind: "draining", asked: undefined, expected: "2" },
    { kind: "pending", asked: 60, expected: undefined },
    { kind: "denied", asked: 60, expected: undefined },
  ] as const;
  for (const { kind, asked, expected } of retries) {
    it(`says Retry-After ${expected} to ${kind} when ${asked} was asked for`, () => {
      const refusal = { kind, description: "", reasons: [] };
      const answer = refusalAnswer(asked === undefined ? refusal : { ...refusal, retryAfterSeconds: asked });
      assert.equal(answer.headers["retry-after"], expected);
    });
  }
});

describe("statusOf", () => {
  const rows = [
    { outcome: "denied", code: "OutsideSchedule", status: 403 },
    { outcome: "denied", code: "PolicyError", status: 403 },
    { outcome: "pending", code: "AssignmentPending", status: 404 },
    { outcome: "unknown", code: "NoMatchingBinding", status: 404 },
    { outcome: "unknown", code: "IdentityNotFound", status: 400 },
  ] as const;
  for (const { outcome, code, status } of rows) {
    it(`is ${status} for ${code}`, () => {
      const reasons = [{ code, params: {} }];
      assert.equal(statusOf({ allow: false, outcome, bindings: [], reasons, probes: [] }), status);
    });
  }

  it("is 200 for an allow", () => {
    const limits = { clampResponse: true, minLifetimeSeconds: 0, maxOverhangSeconds: null };
    const known = { identity: "shop/a", binding: "shop/b", bindings: ["shop/b"], reasons: [], probes: [] };
    assert.equal(statusOf({ allow: true, outcome: "allowed", ...known, limits }), 200);
  });
});
