import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { loadPolicy } from "@open-policy-agent/opa-wasm";
import { parse } from "yaml";
import { z } from "zod";

import { createTimeBuiltins } from "../../../src/timebox/builtins.ts";
import { opaPath } from "./native-opa.ts";

// OPA's own cases for time.*, read from the Go module cache of the pinned version, compiled into one
// WASM module and run there with our built-ins (reference/opa-wasm.md §9).

const caseSchema = z.object({
  note: z.string(),
  query: z.string(),
  modules: z.array(z.string()),
  input: z.unknown().optional(),
  want_result: z.array(z.record(z.string(), z.unknown())).optional(),
  strict_error: z.boolean().optional(),
});

/** One variable of a case's query: the rule asked for, and what it must be; undefined = no answer. */
interface Question {
  readonly title: string;
  readonly entrypoint: string;
  readonly module: string;
  readonly input: unknown;
  readonly want: unknown;
}

const nowIsInput = "time.now_ns is not offered: a policy's only clock is input.now";
const doubles =
  "opa-wasm hands operands over as doubles; test/unit/timebox/builtins.test.ts has it with all digits";
const skipped: Readonly<Record<string, string>> = {
  "test-time-0947.yaml: time/time caching: x": `${nowIsInput} (and test.sleep exists in OPA's own tests only)`,
  "test-time-0970.yaml: time/diff: minute_second": nowIsInput,
  "test-time-0970.yaml: time/diff: different_tz": nowIsInput,
  "test-time-0971.yaml: time/format: no_timezone": doubles,
  "test-time-0971.yaml: time/format: with_timezone": doubles,
  "test-time-0972.yaml: time.now_ns/consistent value for same evaluation: x": nowIsInput,
};

/** Downloads nothing when OPA was built here: its source is in the module cache then. */
function casesFolder(): string {
  const cwd = fileURLToPath(new URL("../../../tools/opa", import.meta.url));
  const download = ["mod", "download", "-json", "github.com/open-policy-agent/opa"];
  const answer: unknown = JSON.parse(execFileSync("go", download, { cwd, encoding: "utf8" }));
  const { Dir: folder } = z.object({ Dir: z.string() }).parse(answer);
  return path.join(folder, "v1/test/cases/testdata/v1/time");
}

function readQuestions(folder: string): readonly Question[] {
  return readdirSync(folder).flatMap((file) => {
    const document: unknown = parse(readFileSync(path.join(folder, file), "utf8"), { intAsBigInt: true });
    const { cases } = z.object({ cases: z.array(caseSchema) }).parse(document);
    return cases.flatMap((testCase, index) => questionsOf(testCase, `${file.slice(0, -5)}_${index}`, file));
  });
}

/** `data.test.a = x; data.test.b = y` asks two questions. Each case gets a package of its own. */
function questionsOf(testCase: z.infer<typeof caseSchema>, id: string, file: string): readonly Question[] {
  const folder = id.replaceAll("-", "_");
  const module = testCase.modules.join("\n").replace(/^package (\w+)/m, `package ${folder}.$1`);
  return [...testCase.query.matchAll(/data\.([\w.]+) = (\w+)/g)].map(([, rule = "", variable = ""]) => ({
    title: `${file}: ${testCase.note}: ${variable}`,
    entrypoint: `${folder}/${rule.replaceAll(".", "/")}`,
    module,
    input: testCase.input ?? {},
    want: testCase.strict_error === true ? undefined : testCase.want_result?.[0]?.[variable],
  }));
}

/** Bigints as the doubles that opa-wasm gives. */
function asDoubles(value: unknown): unknown {
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? Number(part) : part));
  return text === undefined ? undefined : JSON.parse(text);
}

function compile(questions: readonly Question[], folder: string): Buffer {
  mkdirSync(path.join(folder, "cases"));
  for (const [index, module] of [...new Set(questions.map((question) => question.module))].entries()) {
    writeFileSync(path.join(folder, "cases", `${index}.rego`), module);
  }
  const entrypoints = questions.flatMap(({ entrypoint }) => ["-e", entrypoint]);
  const bundle = path.join(folder, "bundle.tar.gz");
  execFileSync(opaPath, ["build", "-t", "wasm", ...entrypoints, "-o", bundle, path.join(folder, "cases")]);
  return execFileSync("tar", ["-xzOPf", bundle, "/policy.wasm"]);
}

describe("OPA's conformance cases for time.*, in WASM with our built-ins", () => {
  const questions = readQuestions(casesFolder());
  const runnable = questions.filter(({ title }) => skipped[title] === undefined);
  const folder = mkdtempSync(path.join(tmpdir(), "podid-conformance-"));
  let policy: Awaited<ReturnType<typeof loadPolicy>>;
  before(async () => {
    policy = await loadPolicy(compile(runnable, folder), { initial: 5, maximum: 64 }, createTimeBuiltins());
  });
  after(() => rmSync(folder, { recursive: true }));

  let passed = 0;
  for (const { title, entrypoint, input, want } of questions) {
    it(title, { skip: skipped[title] ?? false }, () => {
      const expected = want === undefined ? [] : [{ result: asDoubles(want) }];
      assert.deepEqual(policy.evaluate(asDoubles(input), entrypoint), expected);
      passed += 1;
    });
  }

  it("skips only what exists, with a reason, and fails nothing", (context) => {
    const titles = new Set(questions.map(({ title }) => title));
    assert.deepEqual(
      Object.keys(skipped).filter((title) => !titles.has(title)),
      [],
    );
    for (const [title, reason] of Object.entries(skipped)) context.diagnostic(`skipped ${title}: ${reason}`);
    context.diagnostic(
      `OPA's time cases: ${runnable.length} run, ${questions.length - runnable.length} skipped, ${runnable.length - passed} failed`,
    );
    assert.equal(passed, runnable.length);
  });
});
