import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { parse } from "yaml";

import { checkCluster } from "../../../src/cli/daemon/cluster-check.ts";
import { createReadiness } from "../../../src/cli/daemon/readiness.ts";
import { CommandError } from "../../../src/cli/errors.ts";
import { shippedFiles } from "../../../src/cli/paths.ts";
import type { ApiCall, KubernetesApi } from "../../../src/kubernetes/api.ts";
import type { JsonValue } from "../../../src/kubernetes/json.ts";
import { KubernetesError } from "../../../src/kubernetes/errors.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { overTheWire } from "../kubernetes/over-the-wire.ts";

type State = "away" | "forbidding" | "withholding" | "good";

/** A check of an API server that is what `stateAt` says (by milliseconds); time goes on to the next timer by itself. */
async function check(stateAt: (atMs: number) => State) {
  const clock = createSimulatedClock(0);
  const readiness = createReadiness({});
  const reasons = new Set<string>();
  const stopping = new AbortController();
  const asked: unknown[] = [];
  const call = async ({ path, body }: ApiCall): Promise<JsonValue | undefined> => {
    for (const reason of readiness.reasons()) reasons.add(reason);
    const state = stateAt(clock.monotonicMs());
    if (state === "away") throw new KubernetesError("Unreachable", "connection refused");
    if (state === "forbidding") throw new KubernetesError("Forbidden", `cannot get ${path}`);
    const name = /customresourcedefinitions\/(\w+)\./.exec(path)?.[1];
    if (name === undefined) {
      asked.push(body);
      return {
        status: { allowed: state !== "withholding" || !JSON.stringify(body).includes("azureidentities") },
      };
    }
    return overTheWire(parse(await readFile(join(shippedFiles.crds, `${name}.yaml`), "utf8")));
  };
  const api: KubernetesApi = {
    call,
    watch: () => Promise.reject(new Error("not asked for")),
    clockSkewMs: () => null,
    close: async () => undefined,
  };
  const parts = { api, clock, readiness, log: createSilentLog(), component: "nmi" as const };
  const needed = { kinds: ["Pod", "AzureIdentity"] as const, leaseNamespace: null };
  const progress: { end?: { readonly error: unknown } } = {};
  const work = checkCluster({ ...parts, ...needed, signal: stopping.signal });
  const watched = work.then(
    () => (progress.end = { error: null }),
    (error: unknown) => (progress.end = { error }),
  );
  while (progress.end === undefined) {
    const nextMs = clock.nextTimerInMs();
    if (nextMs !== null) clock.advance(nextMs);
    if (clock.monotonicMs() > longestMs) stopping.abort(new Error("enough"));
    await turn();
  }
  return { ...(await watched), atMs: clock.monotonicMs(), reasons: [...reasons] };
}

const longestMs = 600_000;

describe("the check of a cluster", () => {
  it("passes at once when definitions and rights are there", async () => {
    assert.deepEqual(await check(() => "good"), { error: null, atMs: 0, reasons: [notRead] });
  });

  it("waits, unready, for an API server that is away", async () => {
    const { error, atMs, reasons } = await check((ms) => (ms < 120_000 ? "away" : "good"));
    assert.equal(error, null);
    assert.equal(atMs, 120_000);
    assert.deepEqual(reasons, ["the API server cannot be asked: connection refused", notRead]);
  });

  it("does not believe the refusals of a server that has just started", async () => {
    const { error, atMs } = await check((ms) => (ms < 6_000 ? "forbidding" : "good"));
    assert.equal(error, null);
    assert.equal(atMs, 6_000);
  });

  it("believes them after ten seconds, and says in one line what to apply", async () => {
    const { error, atMs } = await check(() => "forbidding");
    assert.equal(atMs, 10_000);
    assert.ok(error instanceof CommandError && error.exitCode === 3);
    assert.match(
      error.message,
      /^podid nmi: .*kubectl apply --server-side --force-conflicts -f deploy\/crds/,
    );
    assert.equal(error.message.split("\n").length, 1);
  });

  it("names the rights that lack in one line, and the file that gives them", async () => {
    const { error, atMs } = await check(() => "withholding");
    assert.equal(atMs, 10_000);
    assert.ok(error instanceof CommandError && error.exitCode === 3);
    assert.equal(
      error.message,
      "podid nmi: podid lacks rights: kubectl apply --server-side --force-conflicts -f deploy/rbac/nmi.yaml " +
        "(may not list, watch azureidentities.aadpodidentity.k8s.io; " +
        "may not get customresourcedefinitions.apiextensions.k8s.io)",
    );
  });

  it("ends when the daemon is to stop", async () => {
    const { error } = await check(() => "away");
    assert.match(String(error), /enough/);
  });
});

const notRead = "not everything of the cluster has been read yet";
