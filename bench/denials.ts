// Wall time from the question to the refusal when a user's rule does not end, and of the next pod's question.
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as realDelay } from "node:timers/promises";
import { promisify } from "node:util";

import { readBundle, type Bundle } from "../src/engine/bundle.ts";
import { createBundleSlot, type BundleSlot } from "../src/engine/bundle-slot.ts";

export interface DenialRow {
  readonly what: string;
  readonly rounds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

const rounds = 50;
/** Until there is a warm spare again, so that rounds do not share one. */
const pauseMs = 300;

const rules = `package custom

deny contains {"rule": "loops"} if {
	input.pod.labels.app == "looping"
	some a in _wide
	some b in _wide
	some c in _wide
	c < 0
	a < b
}

deny contains {"rule": "eats"} if {
	input.pod.labels.app == "hungry"
	count(numbers.range(0, 100000000)) < 0
}

_wide := numbers.range(1, 3000)
`;

/** Measures the shipped policy with two rules beside it that do not end; every round is about another pod. */
export async function measureDenials(): Promise<readonly DenialRow[]> {
  const engine = await createBundleSlot(await compileWith(rules), { nowMs: () => performance.now() });
  const rows: DenialRow[] = [];
  try {
    for (const app of ["looping", "hungry"]) {
      const denialsMs: number[] = [];
      const othersMs: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        denialsMs.push(time(() => decide(engine, app, round)));
        othersMs.push(time(() => decide(engine, "web", round)));
        await realDelay(pauseMs);
      }
      rows.push(rowOf(`deny of a ${app} rule`, denialsMs), rowOf("the next pod's answer", othersMs));
    }
  } finally {
    await engine.close();
  }
  return rows;
}

function decide(engine: BundleSlot, app: string, round: number): void {
  const { reasons } = engine.decide("assign", {
    now: 1_781_475_000_000_000_000,
    probes: [],
    pod: {
      namespace: "shop",
      name: app,
      uid: `${app}-${round}`,
      labels: { app, aadpodidbinding: "web" },
      annotations: {},
      serviceAccount: "web",
      node: "node-0",
      phase: "Running",
    },
    mode: { namespaced: false },
  });
  const isDenied = reasons.some(({ code }) => code === "PolicyError");
  if (isDenied !== (app !== "web")) throw new Error(`round ${round}: wrong answer about ${app}`);
}

function time(run: () => void): number {
  const startedMs = performance.now();
  run();
  return performance.now() - startedMs;
}

function rowOf(what: string, samples: readonly number[]): DenialRow {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { what, rounds: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), worstMs: at(1) };
}

async function compileWith(custom: string): Promise<Bundle> {
  const directory = await mkdtemp(join(tmpdir(), "podid-bench-"));
  try {
    const source = join(directory, "bundle");
    await cp(join(import.meta.dirname, "../policies/bundle"), source, { recursive: true });
    await mkdir(join(source, "custom"), { recursive: true });
    await writeFile(join(source, "custom/custom.rego"), custom);
    await promisify(execFile)("opa", ["build", "-t", "wasm", "-b", "bundle", "-o", "bundle.tar.gz"], {
      cwd: directory,
    });
    return await readBundle(join(directory, "bundle.tar.gz"));
  } finally {
    await rm(directory, { recursive: true });
  }
}
