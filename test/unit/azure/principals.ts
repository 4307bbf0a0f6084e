import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import { findCloud } from "../../../src/azure/cloud.ts";
import type { ReadSecret } from "../../../src/azure/client-secret.ts";
import type { TokenFailure, TokenResult } from "../../../src/azure/token-result.ts";
import { createTokenSource, type TokenSource } from "../../../src/azure/token-source.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { type Loopback, type Script, serveScript } from "./loopback.ts";
import { appSecret, startMs } from "./world.ts";

export const signal = new AbortController().signal;
export const resource = "https://vault.azure.net";

/** A success of Entra's token endpoint. */
export const entraToken = {
  token_type: "Bearer",
  expires_in: 3599,
  ext_expires_in: 3599,
  access_token: "eyJ0.canary.sig",
};

/** A cluster with one Secret, shop/app, that holds `values`. */
export function secretsOf(values: Readonly<Record<string, string>>): ReadSecret {
  const map = new Map(Object.entries(values));
  return async (namespace, name) => (`${namespace}/${name}` === "shop/app" ? map : undefined);
}

/** A token source in the public cloud, whose shop/app is right unless `readSecret` says otherwise. */
export function sourceAt(options: {
  readonly authorityUrl?: string;
  readonly imdsUrl?: string;
  readonly clock?: Clock;
  readonly readSecret?: ReadSecret;
}): TokenSource {
  const {
    clock = createSimulatedClock(startMs),
    readSecret = secretsOf({ clientSecret: appSecret }),
    ...endpoints
  } = options;
  return createTokenSource({ clock, cloud: findCloud(""), endpoints, readSecret });
}

/** A source whose Entra answers `script`. */
export async function scripted(
  t: TestContext,
  script: Script,
): Promise<{ readonly source: TokenSource; readonly entra: Loopback }> {
  const entra = await serveScript(t, () => script);
  return { source: sourceAt({ authorityUrl: entra.url }), entra };
}

/** The failure in `result`, which shows no canary. */
export function failureOf(result: TokenResult): TokenFailure {
  assert.ok(!result.ok);
  assert.doesNotMatch(JSON.stringify(result), /canary/);
  return result.failure;
}
