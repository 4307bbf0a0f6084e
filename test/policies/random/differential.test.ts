import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";

import * as fc from "fast-check";
import { z } from "zod";

import { runOpa } from "../opa.ts";
import type { Binding } from "./access.ts";
import { clusterDocument, randomCluster, type RandomCluster } from "./cluster.ts";
import { smallestCase, type SingleCase } from "./smallest-case.ts";
import {
  buildPolicy,
  createWasmJudge,
  entrypoints,
  judgeNatively,
  shippedPolicy,
  type Answers,
  type Case,
} from "../two-engines.ts";
import { assertSameTzData, settledZones } from "../tz-data.ts";

/** Around clock changes and other days that move windows, so that edges and questions meet. */
const anchors: readonly number[] = [
  "2011-12-30T10:00:00Z", // Apia skips a day
  "2026-03-08T07:00:00Z", // New York
  "2026-03-29T01:00:00Z", // Europe
  "2026-04-04T15:00:00Z", // Lord_Howe, Chatham, Santiago
  "2026-06-14T22:00:00Z",
  "2026-09-06T04:00:00Z", // Santiago
  "2026-10-03T15:30:00Z", // Lord_Howe
  "2026-10-25T01:00:00Z", // Europe
  "2026-12-31T23:00:00Z",
  "2028-02-29T12:00:00Z",
].map((stamp) => Temporal.Instant.from(stamp).epochMilliseconds / 1000);

type Judge = Awaited<ReturnType<typeof createWasmJudge>>;
type Entrypoint = (typeof entrypoints)[number];

interface Difference {
  readonly entrypoint: Entrypoint;
  readonly cluster: unknown;
  readonly input: unknown;
  readonly wasm: unknown;
  readonly native: unknown;
}

/** What is compared: the same policy in both engines, unless a test plants a difference. */
interface Engines {
  readonly wasm: Judge;
  readonly nativeFolder: string;
}

async function enginesOf(wasmFolder: string, nativeFolder: string): Promise<Engines> {
  return { wasm: await createWasmJudge(await buildPolicy(wasmFolder)), nativeFolder };
}

function sample(clusters: number, questions: number, seed: number): readonly RandomCluster[] {
  const cluster = fc
    .constantFrom(...anchors)
    .chain((anchor) => randomCluster({ anchor, zones: settledZones, tidy: false }, questions));
  return fc.sample(cluster, { numRuns: clusters, seed });
}

/** What the host asks about a binding when it changes (src/engine/cluster-decider.ts). */
function validateInput({ selector, weight, match, timeBox }: Binding): unknown {
  const spec = { azureIdentity: "reader", selector, weight, match, timeBox };
  return { kind: "AzureIdentityBinding", object: { spec } };
}

/** Lays the answers of `validate` beside the boxes; in every 20th case boxes count as valid unseen, as a faulty host might. */
async function caseOf(draft: RandomCluster, judge: Judge, index: number): Promise<Case> {
  const { bindings, facts, validate, assign, token } = draft;
  const stored = await Promise.all(
    bindings.map(async (binding) => {
      if (binding["timeBox"] === undefined) return binding;
      const unseen = index % 20 === 19;
      const nightZones = index % 40 === 19 ? settledZones : [];
      const blind = { valid: true, reasons: [], zones: settledZones, nightZones };
      const check = unseen ? blind : await judge.validate(validateInput(binding));
      return { ...binding, timeBoxCheck: check };
    }),
  );
  const cluster = clusterDocument(stored, facts);
  return { cluster, validate: [...validate, ...bindings.map(validateInput)], assign, token };
}

async function casesOf(clusters: number, { wasm }: Engines): Promise<readonly Case[]> {
  return Promise.all(sample(clusters, 20, 4).map((draft, index) => caseOf(draft, wasm, index)));
}

function differencesIn(one: Case, wasm: Answers, native: Answers | undefined): readonly Difference[] {
  return entrypoints.flatMap((entrypoint) =>
    one[entrypoint].flatMap((input, index) => {
      const answers = { wasm: wasm[entrypoint][index], native: native?.[entrypoint][index] };
      // Order of keys does not count, order in arrays does.
      const same = isDeepStrictEqual(answers.wasm, answers.native);
      return same ? [] : [{ entrypoint, cluster: one.cluster, input, ...answers }];
    }),
  );
}

/** The differences in each case, natively judged in one run. */
async function compare(
  cases: readonly Case[],
  engines: Engines,
): Promise<readonly (readonly Difference[])[]> {
  const native = await judgeNatively(engines.nativeFolder, cases);
  const differences: (readonly Difference[])[] = [];
  for (const [index, one] of cases.entries()) {
    differences.push(differencesIn(one, await engines.wasm.judge(one), native[index]));
  }
  return differences;
}

/** The smallest question on which the engines differ; undefined when they agree on all cases. */
async function smallestDifference(cases: readonly Case[], engines: Engines): Promise<Difference | undefined> {
  const [found] = (await compare(cases, engines)).flat().toSorted((a, b) => sizeOf(a) - sizeOf(b));
  if (found === undefined) return undefined;
  const compareSingles = (singles: readonly SingleCase[]): Promise<readonly (readonly Difference[])[]> =>
    compare(
      singles.map(({ cluster, input }) => ({ cluster, ...noQuestions, [found.entrypoint]: [input] })),
      engines,
    );
  const smallest = await smallestCase(found, async (singles) =>
    (await compareSingles(singles)).map((differences) => differences.length > 0),
  );
  const [[difference] = []] = await compareSingles([smallest]);
  return difference ?? found;
}

function sizeOf({ cluster, input }: SingleCase): number {
  return JSON.stringify({ cluster, input }).length;
}

async function assertSame(cases: readonly Case[], engines: Engines): Promise<void> {
  const difference = await smallestDifference(cases, engines);
  if (difference === undefined) return;
  assert.fail(
    `WebAssembly and native OPA differ; the smallest question: ${JSON.stringify(difference, null, 1)}`,
  );
}

const noQuestions = { validate: [], assign: [], token: [] };

/** Hands a copy of the shipped policy, after `change`, to `use`. */
async function withChangedPolicy(
  change: (folder: string) => Promise<void>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "podid-changed-"));
  try {
    await cp(shippedPolicy, folder, { recursive: true });
    await change(folder);
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const customPolicy = `package custom

deny contains {"rule": "no batch", "binding": name} if {
	input.pod.serviceAccount == "batch"
	some name in ["shop/nightly", "shop/burst"]
}

deny contains {"rule": "lunch"} if time.clock(input.now)[0] == 12

select contains "shop/extra" if input.pod.name == "web-1"

limits := {"clampResponse": true, "minLifetimeSeconds": 60, "maxOverhangSeconds": 3600}

hints := {"recheckAfter": 60000000000}
`;

async function addCustomPolicy(folder: string): Promise<void> {
  await mkdir(join(folder, "custom"));
  await writeFile(join(folder, "custom/custom.rego"), customPolicy);
}

/** Codes of the reasons in an answer, at any depth. */
function codesIn(answer: unknown): readonly string[] {
  return JSON.stringify(answer)
    .matchAll(/"code":"(\w+)"/g)
    .map(([, code = ""]) => code)
    .toArray();
}

describe("random questions have the same answer in WebAssembly and in native OPA", () => {
  before(() => assertSameTzData(settledZones, 2011, 2030));

  it("20,000 of them", async (context) => {
    const engines = await enginesOf(shippedPolicy, shippedPolicy);
    const cases = await casesOf(500, engines);
    await assertSame(cases, engines);
    const count = (entrypoint: Entrypoint): number => cases.flatMap((one) => one[entrypoint]).length;
    assert.ok(count("assign") + count("token") >= 20_000);
    context.diagnostic(
      `${count("assign")} assign, ${count("token")} token and ${count("validate")} validate questions ` +
        `on ${cases.length} clusters, 0 differences`,
    );
  });

  it("also with a custom policy; every reason and every outcome is among the answers", async (context) => {
    await withChangedPolicy(addCustomPolicy, async (folder) => {
      const engines = await enginesOf(folder, folder);
      const cases = await casesOf(100, engines);
      await assertSame(cases, engines);
      const counts = new Map<string, number>();
      for (const one of cases) {
        const { validate, assign, token } = await engines.wasm.judge(one);
        const outcomes = token.map((answer) => outcomeSchema.parse(answer).outcome);
        for (const name of [...codesIn([validate, assign, token]), ...outcomes]) {
          counts.set(name, (counts.get(name) ?? 0) + 1);
        }
      }
      const expected = [...policyCodes(), "allowed", "denied", "pending", "unknown"];
      context.diagnostic(expected.map((name) => `${name} ${counts.get(name) ?? 0}`).join(", "));
      assert.deepEqual(
        expected.filter((name) => !counts.has(name)),
        ["PolicyError"],
      );
    });
  });

  it("or else the smallest is told: a planted difference shrinks to one binding with one window", async () => {
    await withChangedPolicy(widenWindows, async (folder) => {
      const engines = await enginesOf(folder, shippedPolicy);
      const difference = await smallestDifference(await casesOf(50, engines), engines);
      assert.ok(difference !== undefined, "the planted difference was not found");
      const { bindings } = smallClusterSchema.parse(difference.cluster);
      assert.deepEqual(
        Object.values(bindings).map(({ timeBox }) => timeBox.windows?.length ?? timeBox.exclusions?.length),
        [1],
      );
    });
  });
});

/** Makes the end of a window belong to it. */
async function widenWindows(folder: string): Promise<void> {
  const path = join(folder, "podid/window/window.rego");
  const text = await readFile(path, "utf8");
  const changed = text.replaceAll("reading.time < end", "reading.time <= end");
  assert.notEqual(changed, text);
  await writeFile(path, changed);
}

function policyCodes(): readonly string[] {
  const query = ["eval", "--format", "raw", "-d", "policies/bundle", "data.podid.reasons.codes"];
  return z.array(z.string()).parse(JSON.parse(runOpa(query)));
}

const outcomeSchema = z.object({ outcome: z.string() });
const listSchema = z.array(z.unknown()).optional();
const smallClusterSchema = z.object({
  bindings: z.record(
    z.string(),
    z.object({ timeBox: z.object({ windows: listSchema, exclusions: listSchema }) }),
  ),
});
