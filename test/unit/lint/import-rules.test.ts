import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";

import { z } from "zod";

const root = resolve(import.meta.dirname, "../../..");
const imports = "eslint(no-restricted-imports)";
const globals = "eslint(no-restricted-globals)";

interface Planted {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  /** The rule that reports the file; null: none may. */
  readonly rule: string | null;
}

const importing = (from: string): string => `import { thing } from "${from}";\n\nthing();\n`;
const plant = (name: string, file: string, text: string, rule: string | null = imports): Planted => ({
  name,
  file: `src/${file}`,
  text,
  rule,
});

const planted: readonly Planted[] = [
  plant("engine → controller", "engine/a.ts", importing("../controller/plan.ts")),
  plant(
    "engine → controller, by type",
    "engine/b.ts",
    'import type { Plan } from "../controller/plan.ts";\n\nexport type Known = Plan;\n',
  ),
  plant("engine → controller, passed on", "engine/c.ts", 'export { plan } from "../controller/plan.ts";\n'),
  plant(
    "engine → controller, at run time",
    "engine/d.ts",
    'export const load = (): Promise<unknown> => import("../controller/plan.ts");\n',
  ),
  plant("engine → controller, around a corner", "engine/e.ts", importing("../timebox/../controller/plan.ts")),
  plant("opa-wasm outside wasm.ts", "engine/f.ts", importing("@open-policy-agent/opa-wasm")),
  plant("wasm.ts → another SDK", "engine/wasm.ts", importing("tar-stream")),
  plant("nmi → azure", "nmi/a.ts", importing("../azure/entra.ts")),
  plant("nmi → Microsoft's SDK", "nmi/b.ts", importing("@azure/msal-node")),
  plant("nmi → controller", "nmi/c.ts", importing("../controller/plan.ts")),
  plant("nmi → kubernetes", "nmi/d.ts", importing("../kubernetes/resources.ts")),
  plant("nmi → cli, which nothing imports", "nmi/m.ts", importing("../cli/stack.ts")),
  plant("controller → nmi", "controller/a.ts", importing("../nmi/hold.ts")),
  plant("controller → azure", "controller/b.ts", importing("../azure/compute.ts")),
  plant("timebox → node:fs", "timebox/a.ts", importing("node:fs")),
  plant("timebox → engine", "timebox/b.ts", importing("../engine/engine.ts")),
  plant("runtime → engine", "runtime/a.ts", importing("../engine/engine.ts")),
  plant("kubernetes → controller", "kubernetes/a.ts", importing("../controller/plan.ts")),
  plant("azure → nmi", "azure/a.ts", importing("../nmi/hold.ts")),
  plant("emulator → azure, which it is to test", "emulator/a.ts", importing("../azure/entra.ts")),
  plant("an import that ends in .js", "nmi/e.ts", importing("./hold.js")),
  plant("a detour", "cli/a.ts", importing("./../nmi/hold.ts")),
  plant("Date in nmi", "nmi/f.ts", "export const now = (): number => Date.now();\n", globals),
  plant("a timer in nmi", "nmi/g.ts", "export const wait = (): unknown => setTimeout(wait, 1);\n", globals),
  plant(
    "Date by another name",
    "nmi/h.ts",
    "export const now = (): number => globalThis.Date.now();\n",
    "eslint(no-restricted-properties)",
  ),
  plant(
    "Temporal.Now in engine",
    "engine/g.ts",
    "export const now = (): unknown => Temporal.Now.instant();\n",
    "eslint(no-restricted-properties)",
  ),
  plant(
    "process.env in nmi",
    "nmi/i.ts",
    'export const home = process.env["HOME"];\n',
    "node(no-process-env)",
  ),
  plant("a default export", "nmi/j.ts", "export default 1;\n", "import(no-default-export)"),
  plant(
    "a cycle",
    "nmi/k.ts",
    'import { other } from "./l.ts";\n\nexport const thing = (): unknown => other;\n',
    "import(no-cycle)",
  ),
  plant(
    "the cycle's other half, of types only",
    "nmi/l.ts",
    'import type { thing } from "./k.ts";\n\nexport const other = (known: typeof thing): unknown => known();\n',
    "import(no-cycle)",
  ),
  plant("engine → timebox", "engine/clean.ts", importing("../timebox/instant.ts"), null),
  plant("nmi → runtime", "nmi/clean.ts", importing("../runtime/clock.ts"), null),
  plant("nmi → hono", "nmi/hono.ts", importing("@hono/node-server/conninfo"), null),
  plant("controller → engine", "controller/clean.ts", importing("../engine/decision.ts"), null),
  plant("cli → all", "cli/clean.ts", importing("../azure/entra.ts"), null),
  plant("the clock's own Date", "runtime/clock.ts", "export const now = (): number => Date.now();\n", null),
  plant("cli's own environment", "cli/environment.ts", 'export const home = process.env["HOME"];\n', null),
];

const reportSchema = z.object({
  diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })),
  number_of_files: z.int(),
});

describe("the linter", () => {
  let directory: string;
  let report: z.infer<typeof reportSchema>;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "podid-lint-"));
    await write(".oxlintrc.json", await configWithoutTypes());
    await Promise.all(planted.map(({ file, text }) => write(file, text)));
    report = lint(directory);
  });
  after(() => rm(directory, { recursive: true }));
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text);
  };

  it("looks at every planted file", () => {
    assert.equal(report.number_of_files, planted.length);
  });
  for (const { name, file, rule } of planted) {
    it(rule === null ? `allows ${name}` : `refuses ${name}`, () => {
      const found = report.diagnostics.filter(({ filename }) => filename === file).map(({ code }) => code);
      assert.deepEqual(found, rule === null ? [] : [rule]);
    });
  }
});

/** The checkout's own rules. Those that need types would need the planted files to have a project. */
async function configWithoutTypes(): Promise<string> {
  const config = z
    .looseObject({ options: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(await readFile(resolve(root, ".oxlintrc.json"), "utf8")));
  const { typeAware, ...options } = config.options;
  assert.equal(typeAware, true);
  return JSON.stringify({ ...config, options });
}

function lint(directory: string): z.infer<typeof reportSchema> {
  const oxlint = resolve(root, "node_modules/.bin/oxlint");
  const { status, stdout, stderr } = spawnSync(oxlint, ["-f", "json"], { cwd: directory, encoding: "utf8" });
  assert.equal(status, 1, stderr);
  return reportSchema.parse(JSON.parse(stdout));
}
