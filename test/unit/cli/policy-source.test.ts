import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, after, test, type TestContext } from "node:test";
import { setTimeout as realDelay } from "node:timers/promises";

import { openPolicySource, type PolicySource } from "../../../src/cli/policy-source.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { createMetrics, type Metrics } from "../../../src/runtime/metrics.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import { policyFiles, sound, withArchive } from "../engine/compiled-policy.ts";

const pod = {
  namespace: "shop",
  name: "web-0",
  uid: "u",
  labels: {},
  annotations: {},
  serviceAccount: "web",
  node: "node-0",
  phase: "Running",
};

const naming = (name: string) => ({
  ...sound,
  exempt: `decision := {"exempt": true, "exception": "${name}", "reasons": []}`,
});

/** Compiled once: `first` and `second` name themselves, `unsound` does not answer one question. */
let library: string;
before(async () => {
  library = await mkdtemp(join(tmpdir(), "podid-bundles-"));
  const rules = {
    first: naming("first"),
    second: naming("second"),
    unsound: { ...sound, token: "decision := {}" },
  };
  for (const [name, text] of Object.entries(rules)) {
    await withArchive(policyFiles(text), (path) => copyFile(path, join(library, name)));
  }
  await writeFile(join(library, "torn"), "not a bundle");
});
after(() => rm(library, { recursive: true }));

interface World {
  readonly policy: PolicySource;
  readonly clock: SimulatedClock;
  readonly metrics: Metrics;
  readonly file: string;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Puts a bundle of the library in the file's place by rename. */
  readonly put: (name: string) => Promise<void>;
  /** Which bundle answers. */
  readonly serving: () => string | undefined;
  /** Lets 5 s pass, and waits until the source has looked. */
  readonly look: () => Promise<void>;
}

async function start(
  t: TestContext,
  arrange: (folder: string) => Promise<string> = plainFile,
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "podid-policy-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = await arrange(folder);
  const clock = createSimulatedClock(1_781_474_400_000);
  const lines: Readonly<Record<string, unknown>>[] = [];
  const write = (text: string): void => void lines.push(JSON.parse(text));
  const log = createLog({ clock, level: "info", component: "test", destination: { write } });
  const policy = await openPolicySource({ file, clock, log });
  t.after(() => policy.close());
  return {
    policy,
    clock,
    metrics: policy.countIn(createMetrics()),
    file,
    lines,
    put: async (name) => {
      await copyFile(join(library, name), join(folder, "next"));
      await rename(join(folder, "next"), file);
    },
    serving: () => policy.engine.decide("exempt", { pod }).exception,
    look: async () => {
      clock.advance(5000);
      // The next look is planned when this one is over.
      while (clock.nextTimerInMs() === null) await realDelay(1);
    },
  };
}

async function plainFile(folder: string): Promise<string> {
  const file = join(folder, "policy.tar.gz");
  await copyFile(join(library, "first"), file);
  return file;
}

test("good, bad, good: a bad bundle is refused in one line, and the last good one goes on answering", async (t) => {
  const { policy, lines, metrics, put, serving, look, file } = await start(t);
  const firstDigest = policy.engine.digest;
  for (const [name, code, reason] of [
    ["torn", "BundleUnreadable", /is not a policy bundle/],
    ["unsound", "SelfCheckFailed", /does not answer token/],
  ] as const) {
    await put(name);
    await look();
    assert.equal(serving(), "first");
    assert.equal(policy.lastFault()?.code, code);
    const line = lines.at(-1) ?? assert.fail("no line");
    assert.equal(line["level"], "error");
    assert.equal(line["msg"], "policy bundle refused; the last good one goes on serving");
    assert.deepEqual([line["file"], line["code"]], [file, code]);
    assert.match(String(line["reason"]), reason);
    assert.match(String(line["fix"]), /\w/);
    assert.deepEqual(line["serving"], { revision: "", digest: firstDigest });
  }
  assert.equal(lines.length, 2);
  const { text } = await metrics.render();
  assert.match(text, new RegExp(`^podid_policy_info\\{revision="",digest="${firstDigest}"\\} 1$`, "m"));
  assert.match(text, /^podid_policy_loads_total\{result="refused"\} 2$/m);

  await put("second");
  await look();
  assert.equal(serving(), "second");
  assert.equal(policy.lastFault(), null);
  const { text: later } = await metrics.render();
  assert.deepEqual(later.match(/^podid_policy_info.*$/gm), [
    `podid_policy_info{revision="",digest="${policy.engine.digest}"} 1`,
  ]);
  assert.match(later, /^podid_policy_loads_total\{result="loaded"\} 1$/m);
});

test("questions that are asked while bundles change are all answered, by one of the good ones", async (t) => {
  const { put, serving, clock, look } = await start(t);
  const answers = new Set<string | undefined>();
  const asked = new AbortController();
  const asking = (async () => {
    while (!asked.signal.aborted) {
      answers.add(serving());
      await realDelay(0);
    }
  })();
  for (const name of ["second", "torn", "first", "unsound", "second"]) {
    await put(name);
    await look();
  }
  asked.abort();
  await asking;
  assert.deepEqual(answers, new Set(["first", "second"]));
  assert.equal(serving(), "second");
  assert.equal(clock.nextTimerInMs(), 5000);
});

test("notices a rewrite in place", async (t) => {
  const { file, serving, look } = await start(t);
  await copyFile(join(library, "second"), file);
  await look();
  assert.equal(serving(), "second");
});

/** Puts a bundle where a kubelet puts a new version of a ConfigMap. */
async function project(folder: string, name: string): Promise<void> {
  await mkdir(join(folder, `..${name}`));
  await copyFile(join(library, name), join(folder, `..${name}`, "policy.tar.gz"));
  await symlink(`..${name}`, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
}

test("notices that a ConfigMap's ..data link was turned", async (t) => {
  let folder = "";
  const { serving, look } = await start(t, async (scratch) => {
    folder = scratch;
    await project(folder, "first");
    await symlink(join("..data", "policy.tar.gz"), join(folder, "policy.tar.gz"));
    return join(folder, "policy.tar.gz");
  });
  await project(folder, "second");
  await look();
  assert.equal(serving(), "second");
});

test("serves on when the file goes, and says so once; its return is no fault", async (t) => {
  const { policy, file, lines, put, serving, look } = await start(t);
  await rm(file);
  for (let i = 0; i < 30; i += 1) await look();
  assert.equal(serving(), "first");
  assert.equal(policy.lastFault()?.code, "BundleUnreadable");
  assert.equal(lines.length, 1);
  await put("first");
  await look();
  assert.equal(policy.lastFault(), null);
  assert.equal(lines.length, 1);
});

test("tries a refused bundle again each minute, because the fault may have been the machine's", async (t) => {
  const { metrics, put, look } = await start(t);
  await put("unsound");
  await look();
  const refused = async (): Promise<string | undefined> =>
    /podid_policy_loads_total\{result="refused"\} (\d+)/.exec((await metrics.render()).text)?.[1];
  for (let i = 0; i < 11; i += 1) await look();
  assert.equal(await refused(), "1");
  await look();
  assert.equal(await refused(), "2");
});

test("does not start without a good bundle", async () => {
  const clock = createSimulatedClock(0);
  const log = createLog({ clock, level: "silent", component: "test" });
  const starting = openPolicySource({ file: join(library, "torn"), clock, log });
  await assert.rejects(starting, { exitCode: 3, message: /torn is not a policy bundle/ });
  assert.equal(clock.nextTimerInMs(), null);
});
