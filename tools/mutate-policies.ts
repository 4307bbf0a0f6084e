// Plants one change after another into a copy of the policy and runs the Rego tests: a change that no test notices is a
// gap. Fails when fewer than 95 % are noticed. Usage: mutate-policies.ts [TOPIC…]; without a topic: all files.
import { execFile } from "node:child_process";
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { z } from "zod";

import { mutantsOf, type Mutant } from "./policy-mutants.ts";

const root = join(import.meta.dirname, "..");
const opa = process.env["OPA"] ?? join(root, ".tools/bin/opa");
const workers = 2;
const leastKilled = 0.95;

type Verdict = "killed" | "survived" | "equivalent" | "not viable";

interface Trial {
  /** Relative to policies/bundle/podid. */
  readonly file: string;
  readonly mutant: Mutant;
}

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

function isEquivalent({ file, mutant }: Trial): boolean {
  return equivalents.some(
    (known) =>
      known.file === file &&
      known.rule === mutant.rule &&
      known.before === mutant.before &&
      known.after === mutant.after,
  );
}

/** Exit code of `opa test`: 0 pass, 2 a test failed, 1 does not compile (reference/opa-wasm.md §1.3). */
function test(directory: string, tests: readonly string[]): Promise<number> {
  const flags = ["--parallel", "1", "--timeout", "60s", "--max-errors", "1"];
  const paths = ["policies/bundle", ...tests.map((name) => `test/policies/podid/${name}`)];
  return new Promise((resolve, reject) => {
    execFile(opa, ["test", ...flags, ...paths], { cwd: directory, maxBuffer: 2 ** 26 }, (error) => {
      if (error === null) resolve(0);
      else if (typeof error.code === "number") resolve(error.code);
      else reject(error);
    });
  });
}

/** The topic's own tests first: they notice most, and are quick. */
async function judge(directory: string, trial: Trial): Promise<Verdict> {
  if (isEquivalent(trial)) return "equivalent";
  const path = join(directory, "policies/bundle/podid", trial.file);
  const original = readFileSync(path, "utf8");
  writeFileSync(path, trial.mutant.text);
  try {
    const topic = dirname(trial.file);
    const own = existsSync(join(directory, "test/policies/podid", topic))
      ? ["fixtures", topic]
      : ["fixtures"];
    const codes = [await test(directory, own)];
    if (codes[0] === 0) codes.push(await test(directory, [""]));
    if (codes.includes(1)) return "not viable";
    return codes.includes(2) ? "killed" : "survived";
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
      for (const folder of ["policies/bundle", "test/policies/podid"]) {
        cpSync(join(root, folder), join(directory, folder), { recursive: true });
      }
      if ((await test(directory, [""])) !== 0)
        throw new Error("the Rego tests fail before anything is planted");
      for (const trial of queue) {
        const verdict = await judge(directory, trial);
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
): { readonly line: string; readonly share: number } {
  const count = (verdict: Verdict): number => verdicts.filter((one) => one === verdict).length;
  const [killed, survived] = [count("killed"), count("survived")];
  const share = killed + survived === 0 ? 1 : killed / (killed + survived);
  const numbers = [killed, survived, count("equivalent"), count("not viable")].map((n) =>
    String(n).padStart(10),
  );
  return { line: `${name.padEnd(28)}${numbers.join("")}${(share * 100).toFixed(1).padStart(8)} %`, share };
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
    (known) =>
      files.has(known.file) &&
      !trials.some(
        ({ file, mutant }) =>
          file === known.file &&
          mutant.rule === known.rule &&
          mutant.before === known.before &&
          mutant.after === known.after,
      ),
  );
  if (outlived.length > 0)
    throw new Error(`equivalent-mutants.json names no mutant: ${JSON.stringify(outlived, null, 1)}`);
}

const trials = readTrials(process.argv.slice(2));
assertListed(trials);
console.log(`${trials.length} planted changes, ${workers} at a time (usually about ten minutes for all)`);
const verdicts = await judgeAll(trials);
console.log(`${"".padEnd(28)}    killed  survived equivalentnot viable`);
for (const [file, own] of Map.groupBy(trials, ({ file: name }) => name)) {
  console.log(
    summarise(
      file,
      own.map((trial) => verdicts.get(trial) ?? "survived"),
    ).line,
  );
}
const { line, share } = summarise("all", [...verdicts.values()]);
console.log(line);
if (share < leastKilled) {
  console.error(
    `fewer than ${leastKilled * 100} % were killed: add Rego tests, or list what changes nothing`,
  );
  process.exitCode = 1;
}
