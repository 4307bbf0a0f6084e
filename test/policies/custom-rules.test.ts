import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { z } from "zod";

import { assignDecisionSchema, tokenDecisionSchema } from "../../src/engine/decision.ts";
import { buildPolicy, createWasmJudge, shippedPolicy, type Answers } from "./two-engines.ts";

/** Rules as a user writes them, compiled into our bundle: what `with data.custom as` in a Rego test cannot show. */
const rules = `package custom

# Nobody gets the ledger from eleven o'clock on.
deny contains {"rule": "ledger-freeze", "binding": name} if {
	some name, binding in data.cluster.bindings
	binding.identity == "shop/ledger"
	input.now >= time.parse_rfc3339_ns("2026-06-15T11:00:00Z")
}

select contains "shop/extra" if input.pod.labels.app == "web"

select contains "shop/none"

limits := {"maxOverhangSeconds": 600}

hints := {"nextTransition": time.parse_rfc3339_ns("2026-06-15T11:00:00Z")}
`;

test("custom deny is asked at each probe's own instant, and closes only what it names", async () => {
  const { assign } = await judge({ now: "2026-06-15T10:59:59Z", labels: { aadpodidbinding: "web" } });
  const [decision] = z.array(assignDecisionSchema).parse(assign);
  assert.deepEqual(
    decision?.candidates.map(({ binding, inForce, probes }) => ({ binding, inForce, probes })),
    [
      { binding: "shop/ledger", inForce: true, probes: [true, false] },
      { binding: "shop/reader", inForce: true, probes: [true, true] },
    ],
  );
  assert.deepEqual(decision.hints, { nextTransition: nanoseconds("2026-06-15T11:00:00Z") });
});

test("custom deny refuses a token with the rule's name, whatever the box says", async () => {
  const { token } = await judge({ now: "2026-06-15T11:00:00Z", labels: { aadpodidbinding: "web" } });
  const [decision] = z.array(tokenDecisionSchema).parse(token);
  assert.equal(decision?.outcome, "denied");
  assert.deepEqual(decision.reasons, [{ code: "DeniedByPolicy", params: { rule: "ledger-freeze" } }]);
});

test("custom select adds a binding that exists, and custom limits bind its token", async () => {
  const { token } = await judge({ now: "2026-06-15T10:00:00Z", labels: { app: "web" } });
  const [decision] = z.array(tokenDecisionSchema).parse(token);
  assert.ok(decision?.allow);
  assert.deepEqual(decision.bindings, ["shop/extra"]);
  assert.deepEqual(decision.limits, {
    clampResponse: true,
    minLifetimeSeconds: 0,
    maxOverhangSeconds: 600,
  });
});

/** Asks the shipped policy with `rules` beside it, about one pod. */
async function judge(question: {
  readonly now: string;
  readonly labels: Readonly<Record<string, string>>;
}): Promise<Answers> {
  const now = nanoseconds(question.now);
  const input = {
    now,
    probes: [now, nanoseconds("2026-06-15T11:00:00Z")],
    pod: {
      namespace: "shop",
      name: "web-0",
      uid: "uid-web-0",
      labels: question.labels,
      annotations: {},
      serviceAccount: "web",
      node: "node-1",
      phase: "Running",
    },
    mode: { namespaced: false },
  };
  const request = { resource: "https://vault.azure.net" };
  const token = { ...input, request, assigned: [], caches: { ageSeconds: 0 } };
  return (await wasm()).judge({ validate: [], assign: [input], token: [token], cluster });
}

let compiled: ReturnType<typeof createWasmJudge> | undefined;

/** Compiled once for all tests of this file. */
function wasm(): ReturnType<typeof createWasmJudge> {
  compiled ??= compile();
  return compiled;
}

async function compile(): ReturnType<typeof createWasmJudge> {
  const directory = await mkdtemp(join(tmpdir(), "podid-custom-"));
  try {
    await cp(shippedPolicy, directory, { recursive: true });
    await mkdir(join(directory, "custom"), { recursive: true });
    await writeFile(join(directory, "custom/ledger.rego"), rules);
    return await createWasmJudge(await buildPolicy(directory));
  } finally {
    await rm(directory, { recursive: true });
  }
}

const cluster = {
  identities: Object.fromEntries(
    ["ledger", "reader"].map((name) => [
      `shop/${name}`,
      { namespace: "shop", name, type: 1, clientID: name, objectID: "", resourceID: "", namespaced: false },
    ]),
  ),
  bindings: {
    "shop/ledger": { namespace: "shop", name: "ledger", identity: "shop/ledger", weight: 9 },
    "shop/reader": { namespace: "shop", name: "reader", identity: "shop/reader", weight: 0 },
    "shop/extra": { namespace: "shop", name: "extra", identity: "shop/reader", weight: 0 },
  },
  bindings_by_selector: { web: ["shop/ledger", "shop/reader"], other: ["shop/extra"] },
  bindings_by_namespace: {},
  grants: {},
  approvals: {},
  exceptions: {},
  namespaces: {},
};

function nanoseconds(stamp: string): number {
  return Temporal.Instant.from(stamp).epochMilliseconds * 1e6;
}
