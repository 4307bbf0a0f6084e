import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { clampLifetime } from "../../../src/nmi/clamp.ts";
import { mintToken } from "./daemon.ts";

const nowSeconds = 1_000_000;
const token = mintToken(nowSeconds, 3600);
const limits = { clampResponse: true, minLifetimeSeconds: 0, maxOverhangSeconds: null };

function told(expiresInSeconds: number) {
  return {
    ok: true,
    told: {
      expiresOnSeconds: nowSeconds + expiresInSeconds,
      expiresInSeconds,
      extExpiresInSeconds: expiresInSeconds,
    },
  };
}

describe("clampLifetime", () => {
  const rows = [
    { name: "tells the real life when no end is known", validUntil: null, limits, expected: told(3600) },
    { name: "tells the box's end when it comes first", validUntil: 600, limits, expected: told(600) },
    { name: "tells the real life when that ends first", validUntil: 7200, limits, expected: told(3600) },
    {
      name: "keeps the real life when clamping is off",
      validUntil: 600,
      limits: { ...limits, clampResponse: false },
      expected: told(3600),
    },
    {
      name: "issues with exactly minLifetime left",
      validUntil: 300,
      limits: { ...limits, minLifetimeSeconds: 300 },
      expected: told(300),
    },
    {
      name: "refuses with less than minLifetime left",
      validUntil: 299,
      limits: { ...limits, minLifetimeSeconds: 300 },
      expected: { ok: false, code: "TokenLifetimeTooShort" },
    },
    {
      name: "issues with exactly maxOverhang",
      validUntil: 600,
      limits: { ...limits, maxOverhangSeconds: 3000 },
      expected: told(600),
    },
    {
      name: "refuses beyond maxOverhang",
      validUntil: 600,
      limits: { ...limits, maxOverhangSeconds: 2999 },
      expected: { ok: false, code: "TokenOverhang" },
    },
    {
      name: "does not apply limits to a box without known end",
      validUntil: null,
      limits: { clampResponse: true, minLifetimeSeconds: 9000, maxOverhangSeconds: 0 },
      expected: told(3600),
    },
  ];
  for (const { name, validUntil, limits: given, expected } of rows) {
    it(name, () => {
      const ask = {
        token,
        nowSeconds,
        validUntilSeconds: validUntil === null ? null : nowSeconds + validUntil,
        limits: given,
      };
      assert.deepEqual(clampLifetime(ask), expected);
    });
  }

  const unreadable = [
    { name: "text that is no JWT", accessToken: "opaque" },
    { name: "four parts", accessToken: `${token.accessToken}.more` },
    { name: "a payload that is no JSON", accessToken: "a.bm9uc2Vuc2U.c" },
    { name: "a payload without exp", accessToken: "a.e30.c" },
    { name: "exp as text", accessToken: `a.${Buffer.from('{"exp":"1"}').toString("base64url")}.c` },
  ];
  for (const { name, accessToken } of unreadable) {
    it(`refuses ${name} where the overhang is bounded`, () => {
      const clamped = clampLifetime({
        token: { ...token, accessToken },
        nowSeconds,
        validUntilSeconds: nowSeconds + 600,
        limits: { ...limits, maxOverhangSeconds: 100_000 },
      });
      assert.deepEqual(clamped, { ok: false, code: "TokenOverhang" });
    });
  }

  it("judges the overhang by the token's own exp, not by what came with it", () => {
    const clamped = clampLifetime({
      token: { ...token, expiresOnSeconds: nowSeconds + 600 },
      nowSeconds,
      validUntilSeconds: nowSeconds + 600,
      limits: { ...limits, maxOverhangSeconds: 60 },
    });
    assert.deepEqual(clamped, { ok: false, code: "TokenOverhang" });
  });
});
