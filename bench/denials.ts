// Wall time from the question to the refusal when a user's rule does not end, and of the next pod's question.
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as realDelay } from "node:timers/promises";
import { promisify } from "node:util";

import { readBundle, type Bundle } from "../src/engine/bundle.ts";
import { createBundleSlot, type BundleSlot } from "../src/engine/bundle-slot.ts";
import { buildClusterDocument } from "../src/engine/cluster-document.ts";

import { bindingOf, checkWith, clusterOf } from "./cluster.ts";

export interface DenialRow {
  readonly what: string;
  readonly rounds: number;
  /** Of them, how many ended in PolicyError: all of the odd ones, none of the others if threads get to run. */
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

const rounds = 50;
/** Until there is a warm spare again, so that rounds do not share one. */
const pauseMs = 500;

const rules = `package custom

deny contains {"rule": "loops"} if {
	input.pod.labels.app == "looping"
	some a in _wide
	some b in _wide
	some c in _wide
	c < 0
	a < b
}

_wide := numbers.range(1, 3000)
`;

/** Measures the shipped policy with a rule beside it that does not end; every round is about another pod. */
export async function measureDenials(): Promise<readonly DenialRow[]> {
  const engine = await createBundleSlot(await compileWith(rules), { nowMs: () => performance.now() });
  // Denials are asked for when a binding selects.
  const bindings = [bindingOf({ namespace: "shop", name: "web", selector: "web" })];
  engine.setData(buildClusterDocument(clusterOf(bindings), checkWith(engine)));
  const denials: Sample[] = [];
  const others: Sample[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      denials.push(decide(engine, "looping", `looping-${round}`));
      others.push(decide(engine, "web", `web-${round}`));
      await untilReady(engine);
    }
  } finally {
    await engine.close();
  }
  return [rowOf("deny of a looping rule", denials), rowOf("the next pod's answer", others)];
}

interface Sample {
  readonly ms: number;
  readonly isRefused: boolean;
}

function decide(engine: BundleSlot, app: string, uid: string): Sample {
  const startedMs = performance.now();
  const { reasons } = engine.decide("assign", {
    now: 1_781_475_000_000_000_000,
    probes: [],
    pod: {
      namespace: "shop",
      name: app,
      uid,
      labels: { app, aadpodidbinding: "web" },
      annotations: {},
      serviceAccount: "web",
      node: "node-0",
      phase: "Running",
    },
    mode: { namespaced: false },
  });
  const ms = performance.now() - startedMs;
  return { ms, isRefused: reasons.some(({ code }) => code === "PolicyError") };
}

/** A round begins with one thread in use and a spare. */
async function untilReady(engine: BundleSlot): Promise<void> {
  await realDelay(pauseMs);
  let tries = 0;
  while (decide(engine, "web", `ready-${tries}`).isRefused) {
    tries += 1;
    if (tries > 50) throw new Error("no thread of the policy answers");
    await realDelay(pauseMs);
  }
}

function rowOf(what: string, samples: readonly Sample[]): DenialRow {
  const sorted = samples.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  const refused = samples.filter(({ isRefused }) => isRefused).length;
  return { what, rounds: sorted.length, refused, p50Ms: at(0.5), p99Ms: at(0.99), worstMs: at(1) };
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
