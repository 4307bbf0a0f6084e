// Plants one change after another into a copy of the policy and runs the Rego tests: a change that no test notices is a
// gap. Fails when fewer than 95 % are noticed, of all or of one file.
// Usage: mutate-policies.ts [TOPIC…]; without a topic: all files.
import { execFile } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { z } from "zod";

import { mutantsOf, type Mutant } from "./policy-mutants.ts";

const root = join(import.meta.dirname, "..");
const opa = process.env["OPA"] ?? join(root, ".tools/bin/opa");
const tests = "test/policies/podid";
const workers = 2;
const leastKilled = 0.95;
/** In a file with fewer changes than this one survivor is allowed, although its share may be more than 5 %. */
const fewChanges = 20;

type Verdict = "killed" | "survived" | "equivalent" | "not viable";

interface Trial {
  /** Relative to policies/bundle/podid. */
  readonly file: string;
  readonly mutant: Mutant;
}

/** One call of `opa test`: folders below test/policies/podid, and the tests in them that run. */
interface Stage {
  readonly paths: readonly string[];
  readonly pattern: string;
}

const everything: Stage = { paths: [""], pattern: "" };

const testRunsSchema = z.array(
  z.object({
    package: z.string(),
    name: z.string(),
    duration: z.number(),
    location: z.object({ file: z.string() }),
  }),
);
type TestRun = z.infer<typeof testRunsSchema>[number];

/** Changes that change nothing, each looked at by a person. */
const equivalentSchema = z.array(
  z.strictObject({
    file: z.string(),
    rule: z.string(),
    before: z.string(),
    after: z.string(),
    reason: z.string().min(20),
  }),
);
const equivalents = equivalentSchema.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, "equivalent-mutants.json"), "utf8")),
);

type Equivalent = z.infer<typeof equivalentSchema>[number];

/** Told by the start of the rule's head, so that its value may change. */
function isAbout(known: Equivalent, { file, mutant }: Trial): boolean {
  return (
    known.file === file &&
    mutant.rule.startsWith(known.rule) &&
    known.before === mutant.before &&
    known.after === mutant.after
  );
}

/** Exit code of `opa test`: 0 pass, 2 a test failed, 1 does not compile (reference/opa-wasm.md §1.3). */
function runTests(
  directory: string,
  { paths, pattern }: Stage,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const flags = ["--parallel", "1", "--timeout", "60s", "--format", "json", "--run", pattern];
  const args = ["test", ...flags, "policies/bundle", ...paths.map((name) => join(tests, name))];
  return new Promise((resolve, reject) => {
    execFile(opa, args, { cwd: directory, maxBuffer: 2 ** 26 }, (error, stdout) => {
      if (error === null) resolve({ code: 0, stdout });
      else if (typeof error.code === "number") resolve({ code: error.code, stdout });
      else reject(error);
    });
  });
}

/** Runs every test once on the unchanged policy, to know that they pass and how long each takes. */
async function measureTests(directory: string): Promise<readonly TestRun[]> {
  const { code, stdout } = await runTests(directory, everything);
  if (code !== 0) throw new Error("the Rego tests fail before anything is planted");
  return testRunsSchema.parse(JSON.parse(stdout));
}

/**
 * The order that notices a change soonest: a topic's own quick tests together, then each of its slow ones, then the
 * tests of all topics.
 */
function stagesOf(topic: string, runs: readonly TestRun[]): readonly Stage[] {
  const own = runs.filter(({ location }) => dirname(location.file) === join(tests, topic));
  const total = own.reduce((sum, { duration }) => sum + duration, 0);
  const [slow, quick] = [true, false].map((wanted) =>
    own.filter(({ duration }) => duration > total / 5 === wanted).toSorted((a, b) => a.duration - b.duration),
  );
  const groups = [quick ?? [], ...(slow ?? []).map((run) => [run])].filter((group) => group.length > 0);
  const ownStages = groups.map((group) => ({
    paths: ["fixtures", topic],
    pattern: `^(${group.map((run) => `${run.package}.${run.name}`).join("|")})$`,
  }));
  return [...ownStages, everything];
}

async function judge(directory: string, trial: Trial, stages: readonly Stage[]): Promise<Verdict> {
  if (equivalents.some((known) => isAbout(known, trial))) return "equivalent";
  const path = join(directory, "policies/bundle/podid", trial.file);
  const original = readFileSync(path, "utf8");
  writeFileSync(path, trial.mutant.text);
  try {
    for (const stage of stages) {
      const { code } = await runTests(directory, stage);
      if (code === 1) return "not viable";
      if (code === 2) return "killed";
    }
    return "survived";
  } finally {
    writeFileSync(path, original);
  }
}

/** One copy of policy and tests for each worker; all take from one list. */
async function judgeAll(trials: readonly Trial[]): Promise<ReadonlyMap<Trial, Verdict>> {
  const verdicts = new Map<Trial, Verdict>();
  const queue = trials.values();
  const work = async (): Promise<void> => {
    const directory = mkdtempSync(join(tmpdir(), "podid-mutants-"));
    try {
      for (const folder of ["policies/bundle", tests]) {
        cpSync(join(root, folder), join(directory, folder), { recursive: true });
      }
      const runs = await measureTests(directory);
      for (const trial of queue) {
        const verdict = await judge(directory, trial, stagesOf(dirname(trial.file), runs));
        verdicts.set(trial, verdict);
        if (verdict === "survived") console.log(describe(trial));
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return verdicts;
}

function describe({ file, mutant }: Trial): string {
  const after = mutant.after === "" ? "(the rule is gone)" : mutant.after;
  return `survived: ${file}:${mutant.line}\n  - ${mutant.before}\n  + ${after}`;
}

/** One line of the table, and the share that was killed; equivalent changes and those that do not compile do not count. */
function summarise(
  name: string,
  verdicts: readonly Verdict[],
): { readonly line: string; readonly enough: boolean } {
  const count = (verdict: Verdict): number => verdicts.filter((one) => one === verdict).length;
  const [killed, survived] = [count("killed"), count("survived")];
  const share = killed + survived === 0 ? 1 : killed / (killed + survived);
  const numbers = [killed, survived, count("equivalent"), count("not viable")].map((n) =>
    String(n).padStart(10),
  );
  const enough = share >= leastKilled || (killed + survived < fewChanges && survived <= 1);
  return { line: `${name.padEnd(28)}${numbers.join("")}${(share * 100).toFixed(1).padStart(8)} %`, enough };
}

function readTrials(topics: readonly string[]): readonly Trial[] {
  const folder = join(root, "policies/bundle/podid");
  return globSync("**/*.rego", { cwd: folder })
    .filter((file) => topics.length === 0 || topics.includes(dirname(file)))
    .toSorted()
    .flatMap((file) =>
      mutantsOf(readFileSync(join(folder, file), "utf8")).map((mutant) => ({ file, mutant })),
    );
}

/** A list that outlives the lines it speaks of would hide new changes. */
function assertListed(trials: readonly Trial[]): void {
  const files = new Set(trials.map(({ file }) => file));
  const outlived = equivalents.filter(
    (known) => files.has(known.file) && !trials.some((trial) => isAbout(known, trial)),
  );
  if (outlived.length > 0)
    throw new Error(`equivalent-mutants.json names no mutant: ${JSON.stringify(outlived, null, 1)}`);
}

const trials = readTrials(process.argv.slice(2));
assertListed(trials);
console.log(`${trials.length} planted changes, ${workers} at a time (usually about ten minutes for all)`);
const verdicts = await judgeAll(trials);
const rows = [
  ...Map.groupBy(trials, ({ file }) => file)
    .entries()
    .map(([file, own]) =>
      summarise(
        file,
        own.map((trial) => verdicts.get(trial) ?? "survived"),
      ),
    ),
  summarise("all", [...verdicts.values()]),
];
console.log(`${"".padEnd(28)}    killed  survived equivalentnot viable`);
for (const { line } of rows) console.log(line);
const short = rows.filter(({ enough }) => !enough);
if (short.length > 0) {
  console.error(
    `fewer than ${leastKilled * 100} % were killed: add Rego tests, or list what changes nothing\n` +
      short.map(({ line }) => line).join("\n"),
  );
  process.exitCode = 1;
}
