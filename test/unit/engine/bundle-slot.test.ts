import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";

import type { Bundle } from "../../../src/engine/bundle.ts";
import { createBundleSlot, type BundleSlot } from "../../../src/engine/bundle-slot.ts";
import { buildClusterDocument } from "../../../src/engine/cluster-document.ts";
import { noResources } from "../../../src/engine/cluster-layout.ts";
import type { ExemptInput } from "../../../src/engine/input.ts";
import { compile, sound } from "./compiled-policy.ts";

const question: ExemptInput = {
  pod: {
    namespace: "shop",
    name: "web-0",
    uid: "u",
    labels: {},
    annotations: {},
    serviceAccount: "web",
    node: "node-0",
    phase: "Running",
  },
};

/** Names itself, and shows that it sees the data. */
const naming = (name: string) => ({
  ...sound,
  exempt: `decision := {"exempt": data.cluster.namespaces.shop.labels.free == "yes", "exception": "${name}", "reasons": []} if input.pod.namespace == "shop"

default decision := {"exempt": false, "reasons": []}`,
});

const load = async (name: string): Promise<Bundle> => ({ ...(await compile(naming(name))), revision: name });

async function startSlot(t: TestContext): Promise<BundleSlot> {
  const slot = await createBundleSlot(await load("first"), { nowMs: () => 0 });
  t.after(() => slot.close());
  slot.setData(
    buildClusterDocument({ ...noResources, namespaces: [{ name: "shop", labels: { free: "no" } }] }, () => ({
      valid: true,
      reasons: [],
    })),
  );
  slot.patchData([{ section: "namespaces", key: "shop", value: { labels: { free: "yes" } } }]);
  return slot;
}

test("a new bundle takes over with the data of the old one", async (t) => {
  const slot = await startSlot(t);
  assert.equal(slot.revision, "first");
  const next = await load("second");
  assert.equal(await slot.load(next), undefined);
  assert.equal(slot.revision, "second");
  assert.equal(slot.digest, next.digest);
  assert.deepEqual(slot.decide("exempt", question), { exempt: true, exception: "second", reasons: [] });
});

const bad: Readonly<
  Record<string, { readonly rules: Readonly<Record<string, string>>; readonly code: string }>
> = {
  "calls what podid does not offer": {
    rules: { ...sound, token: "decision := time.now_ns()" },
    code: "BuiltinMissing",
  },
  "does not answer one of the questions": {
    rules: { ...sound, validate: "decision := {}" },
    code: "SelfCheckFailed",
  },
  "contradicts itself": {
    rules: { ...sound, assign: "decision := 1 if input.now\n\ndecision := 2 if input.now" },
    code: "SelfCheckFailed",
  },
};

for (const [what, { rules, code }] of Object.entries(bad)) {
  test(`the last good bundle stays when the new one ${what}`, async (t) => {
    const slot = await startSlot(t);
    const failure = await slot.load(await compile(rules));
    assert.equal(failure?.code, code);
    assert.equal(slot.revision, "first");
    assert.deepEqual(slot.decide("exempt", question), { exempt: true, exception: "first", reasons: [] });
  });
}

test("of bundles that are given at the same time the last stays", async (t) => {
  const slot = await startSlot(t);
  const [second, third] = [await load("second"), await load("third")];
  await Promise.all([slot.load(second), slot.load(third)]);
  assert.equal(slot.revision, "third");
});

test("refuses to start with a bundle that does not answer", async () => {
  const start = createBundleSlot(await compile({}), { nowMs: () => 0 });
  await assert.rejects(start, { code: "SelfCheckFailed", message: /assign/ });
});

test("what a candidate answers before it serves is neither recorded nor reported", async (t) => {
  const told: string[] = [];
  const slot = await createBundleSlot(await load("first"), {
    nowMs: () => 0,
    onDecision: ({ revision }) => void told.push(revision),
    onFault: ({ code }) => void told.push(code),
  });
  t.after(() => slot.close());
  const failure = await slot.load(await compile({ ...sound, validate: "decision := {}" }));
  assert.match(failure?.message ?? "", /does not answer validate: podid\/validate\/decision/);
  await slot.load(await load("second"));
  assert.deepEqual(told, []);
  slot.decide("exempt", question);
  assert.deepEqual(told, ["second"]);
});

test("a listener that fails does not make the new policy a refused one, and does not silence the others", async (t) => {
  const told: unknown[] = [];
  const slot = await createBundleSlot(await load("first"), {
    nowMs: () => 0,
    onFault: ({ code, message, cause }) => void told.push(code, message, cause),
  });
  t.after(() => slot.close());
  const cause = new Error("the heap is full");
  slot.onPolicyChange(() => {
    throw cause;
  });
  slot.onPolicyChange(() => void told.push(slot.revision));
  assert.equal(await slot.load(await load("second")), undefined);
  assert.equal(slot.revision, "second");
  const message = "the new policy serves, but somebody who was to be told of it has failed";
  assert.deepEqual(told, ["second", "HandoverFailed", message, cause]);
});

test("a former policy that cannot be ended does not make the new one a refused one", async (t) => {
  const inThreads = { ...(await load("first")), isShipped: false };
  const faults: (readonly unknown[])[] = [];
  const slot = await createBundleSlot(inThreads, {
    nowMs: () => 0,
    userRulesDeadlineMs: 10_000,
    onFault: ({ code, cause }) => void faults.push([code, cause]),
  });
  t.after(() => slot.close());
  const cause = new Error("no such thread");
  const left: Worker[] = [];
  const ending = t.mock.method(Worker.prototype, "terminate", async function end(this: Worker) {
    left.push(this);
    throw cause;
  });
  assert.equal(await slot.load(await load("second")), undefined);
  ending.mock.restore();
  await Promise.all(left.map((worker) => worker.terminate()));
  assert.equal(slot.revision, "second");
  assert.deepEqual(faults, [["HandoverFailed", cause]]);
});
