import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { z } from "zod";

import { readBundle, type Bundle } from "../../src/engine/bundle.ts";
import { instantiate, type PolicyInstance } from "../../src/engine/wasm.ts";
import { capabilities, rootPath, runOpa } from "./opa.ts";

export const entrypoints = ["validate", "assign", "token"] as const;

/** Questions about one cluster document; all JSON. */
export type Case = Readonly<Record<(typeof entrypoints)[number], readonly unknown[]>> & {
  readonly cluster: unknown;
};

/** The answers to a case's questions, in their order. */
export type Answers = Readonly<Record<(typeof entrypoints)[number], readonly unknown[]>>;

/** The policy that ships. */
export const shippedPolicy: string = join(rootPath, "policies/bundle");

/** Compiles the bundle in `folder` as `make build` does, and trusts it as the one that ships. */
export function buildPolicy(folder: string): Promise<Bundle> {
  return withFolder(async (directory) => {
    await cp(folder, join(directory, "bundle"), { recursive: true });
    runOpa(["build", "-t", "wasm", ...capabilities, "-b", "bundle", "-o", "bundle.tar.gz"], directory);
    const path = join(directory, "bundle.tar.gz");
    const { moduleDigest } = await readBundle(path);
    return readBundle(path, moduleDigest);
  });
}

/** Answers by WebAssembly, with the built-ins of src/timebox. A fault is an answer, so that it can be compared. */
export async function createWasmJudge(bundle: Bundle): Promise<{
  readonly validate: (input: unknown) => Promise<unknown>;
  readonly judge: (one: Case) => Promise<Answers>;
}> {
  const module = await WebAssembly.compile(bundle.wasm);
  const make = (): Promise<PolicyInstance> =>
    instantiate(
      module,
      entrypoints.map((name) => `podid/${name}/decision`),
    );
  let instance = await make();
  let dataJson = "{}";
  const ask = async (entrypoint: string, input: unknown): Promise<unknown> => {
    try {
      return instance.evaluate(`podid/${entrypoint}/decision`, JSON.stringify(input));
    } catch (error) {
      instance = await make(); // one that threw must not answer again (reference/opa-wasm.md §3)
      instance.setData(dataJson);
      return { fault: String(error) };
    }
  };
  const askAll = async (entrypoint: string, inputs: readonly unknown[]): Promise<readonly unknown[]> => {
    const answers: unknown[] = [];
    for (const input of inputs) answers.push(await ask(entrypoint, input));
    return answers;
  };
  return {
    validate: (input) => ask("validate", input),
    judge: async (one) => {
      dataJson = JSON.stringify({ cluster: one.cluster });
      instance.setData(dataJson);
      return {
        validate: await askAll("validate", one.validate),
        assign: await askAll("assign", one.assign),
        token: await askAll("token", one.token),
      };
    },
  };
}

const answersSchema = z.array(
  z.strictObject({
    validate: z.array(z.unknown()),
    assign: z.array(z.unknown()),
    token: z.array(z.unknown()),
  }),
);

/**
 * A module, because OPA 1.22.2 leaves `data.x[input.y] with data.x as …` undefined in a comprehension
 * that stands in the query itself.
 */
const batch = `package batch

answers := [answer | some one in data.cases; answer := {${entrypoints.map((name) => `"${name}": _${name}(one)`).join(", ")}}]
${entrypoints
  .map(
    (name) => `
_${name}(one) := [answer |
	some question in one.${name}
	answer := data.podid.${name}.decision with input as question with data.cluster as one.cluster
]
`,
  )
  .join("")}`;

/** Answers by OPA itself on the policy in `folder`, all cases in one run. @throws Error with OPA's own words. */
export async function judgeNatively(folder: string, cases: readonly Case[]): Promise<readonly Answers[]> {
  return withFolder(async (directory) => {
    const casesPath = join(directory, "cases.json");
    const batchPath = join(directory, "batch.rego");
    await writeFile(casesPath, JSON.stringify({ cases }));
    await writeFile(batchPath, batch);
    const documents = [folder, casesPath, batchPath].flatMap((path) => ["-d", path]);
    return answersSchema.parse(
      JSON.parse(runOpa(["eval", "--format", "raw", ...documents, "data.batch.answers"])),
    );
  });
}

async function withFolder<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "podid-engines-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
