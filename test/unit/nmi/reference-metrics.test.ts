import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import type { PlatformMetadata, TokenResult, TokenSource } from "../../../src/nmi/ports.ts";
import { createReferenceMetrics, type ReferenceMetrics } from "../../../src/nmi/reference-metrics.ts";
import { refuse } from "../../../src/nmi/refusals.ts";
import { refused, type Served } from "../../../src/nmi/served.ts";
import { createMetrics, type Metrics } from "../../../src/runtime/metrics.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { startBoundPod, stopCleanly, web } from "./bound-pod.ts";
import { vault } from "./daemon.ts";
import { identity, pod } from "./memory-resources.ts";

let clock: SimulatedClock;
let metrics: Metrics;
let reference: ReferenceMetrics;
beforeEach(() => {
  clock = createSimulatedClock(0);
  metrics = createMetrics();
  reference = createReferenceMetrics(metrics, clock);
});

const { signal } = new AbortController();

async function has(line: string): Promise<void> {
  const { text } = await metrics.render();
  assert.ok(text.split("\n").includes(line), `${line} in\n${text}`);
}

function served(changes: Partial<Served> = {}): Served {
  const answer = { status: 200, headers: {}, body: "" };
  return {
    answer,
    outcome: "issued",
    reasons: [],
    route: "token",
    pod: pod("web", web),
    resource: vault,
    ...changes,
  };
}

const failure = (kind: Extract<TokenResult, { ok: false }>["failure"]["kind"]): TokenResult => ({
  ok: false,
  failure: { kind, retryAfterSeconds: null, detail: "" },
});

/** Upper bounds of a histogram, as exposed. */
async function bucketsOf(name: string): Promise<readonly number[]> {
  const { text } = await metrics.render();
  const bounds = [...text.matchAll(new RegExp(`^${name}_bucket\\{le="([0-9.]+)"`, "gm"))];
  return bounds.map(([, bound]) => Number(bound));
}

describe("the reference's metrics", () => {
  it("have its name, labels and buckets for requests", async () => {
    reference.onServed(served(), 0.7);
    const name = "aadpodidentity_nmi_operations_duration_seconds";
    const labels = `namespace="shop",operation_type="/metadata/identity/oauth2/token",resource="${vault}",status_code="200"`;
    await has(`${name}_count{${labels}} 1`);
    assert.deepEqual(
      await bucketsOf(name),
      [0.5, 1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100],
    );
  });

  it("name no resource that Azure gave no token for, and at most a hundred", async () => {
    const name = "aadpodidentity_nmi_operations_duration_seconds_count";
    reference.onServed({ ...served(), ...refused(refuse("denied", "OutsideSchedule")) }, 0);
    await has(
      `${name}{namespace="shop",operation_type="/metadata/identity/oauth2/token",resource="",status_code="403"} 1`,
    );
    for (let index = 0; index < 102; index += 1) reference.onServed(served({ resource: `r${index}` }), 0);
    await has(
      `${name}{namespace="shop",operation_type="/metadata/identity/oauth2/token",resource="other",status_code="200"} 2`,
    );
  });

  it("count requests on the token and the host route only", async () => {
    for (const route of ["metadata", "none", "hostToken"] as const) reference.onServed(served({ route }), 0);
    const { text } = await metrics.render();
    const counts = text.match(/^aadpodidentity_nmi_operations_duration_seconds_count.*$/gm);
    assert.equal(counts?.length, 1);
    assert.match(counts[0], /operation_type="\/host\/token\/".* 1$/);
  });

  it("count callers that were not found", async () => {
    reference.onServed(refused(refuse("unknownCaller", "UnknownCaller")), 10);
    await has('aadpodidentity_kubernetes_api_operations_errors_count{operation_type="get_pod_list"} 1');
  });

  const token = { accessToken: "t", expiresOnSeconds: 1, notBeforeSeconds: 0 };
  const calls: Readonly<
    Record<string, { readonly type: number; readonly result: TokenResult; readonly line: string }>
  > = {
    "a token of a managed identity": {
      type: 0,
      result: { ok: true, token },
      line: 'imds_operations_duration_seconds_sum{operation_type="adal_token_msi_userassignedid"} 0.25',
    },
    "a failed one": {
      type: 0,
      result: failure("unavailable"),
      line: 'imds_operations_errors_count{operation_type="adal_token_msi_userassignedid"} 1',
    },
    "a token of a service principal": {
      type: 1,
      result: { ok: true, token },
      line: 'imds_operations_duration_seconds_count{operation_type="adal_token"} 1',
    },
    "a Secret that cannot be read": {
      type: 1,
      result: failure("credential"),
      line: 'kubernetes_api_operations_errors_count{operation_type="get_secret"} 1',
    },
  };
  for (const [name, { type, result, line }] of Object.entries(calls)) {
    it(`count ${name}`, async () => {
      const source: TokenSource = {
        acquire: () => {
          clock.advance(250);
          return Promise.resolve(result);
        },
      };
      const request = { identity: identity("reader", { type }), resource: vault, signal };
      assert.equal(await reference.ofTokens(source).acquire(request), result);
      await has(`aadpodidentity_${line}`);
    });
  }

  it("count what excepted pods ask, and calls that break", async () => {
    const platform: PlatformMetadata = {
      fetchToken: ({ clientID }) =>
        clientID === undefined
          ? Promise.resolve({ status: 200, body: "", retryAfterSeconds: null })
          : Promise.reject(new Error("cut")),
      fetchMetadata: () => Promise.reject(new Error("not asked")),
    };
    const counted = reference.ofPlatform(platform);
    await counted.fetchToken({ resource: vault, signal });
    await has('aadpodidentity_imds_operations_duration_seconds_count{operation_type="adal_token_msi"} 1');
    await assert.rejects(counted.fetchToken({ resource: vault, clientID: "c", signal }), /cut/);
    await has(
      'aadpodidentity_imds_operations_errors_count{operation_type="adal_token_msi_userassignedid"} 1',
    );
  });

  it("stand beside podid's own", async () => {
    const daemon = await startBoundPod({ metrics: createMetrics() });
    await daemon.askToken(web);
    const { text } = await daemon.metrics.render();
    assert.match(text, /^aadpodidentity_nmi_operations_duration_seconds_count\{.*status_code="200"\} 1$/m);
    assert.match(
      text,
      /^aadpodidentity_imds_operations_duration_seconds_count\{operation_type="adal_token_msi_userassignedid"\} 1$/m,
    );
    assert.match(text, /^podid_nmi_requests_total\{outcome="issued",status="200"\} 1$/m);
    await stopCleanly(daemon);
  });
});
