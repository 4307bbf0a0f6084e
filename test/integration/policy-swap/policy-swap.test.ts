import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as realDelay } from "node:timers/promises";

import { shippedFiles } from "../../../src/cli/paths.ts";
import { shippedPolicyFiles, withArchive } from "../../unit/engine/compiled-policy.ts";
import { startWorld, type World } from "../world.ts";

const pod = "reports/report-0";

interface Swapped {
  readonly world: World;
  readonly decisionLog: string;
  /** Puts what lies at `path` in the place of the policy, and lets time pass until this is so. */
  readonly put: (path: string, isOver: () => boolean) => Promise<void>;
}

async function start(t: TestContext): Promise<Swapped> {
  const folder = await mkdtemp(join(tmpdir(), "podid-swap-"));
  t.after(() => rm(folder, { recursive: true }));
  const policy = join(folder, "policy.tar.gz");
  const decisionLog = join(folder, "decisions.jsonl");
  await copyFile(shippedFiles.bundle, policy);
  const at = "2026-06-15T10:00:00Z";
  const world = await startWorld({ at, manifests: shippedFiles.demoManifests, policy, decisionLog });
  t.after(() => world.close());
  await world.settle();
  return {
    world,
    decisionLog,
    put: async (path, isOver) => {
      await copyFile(path, join(folder, "next"));
      await rename(join(folder, "next"), policy);
      const isTried = async (): Promise<void> => {
        while (!isOver()) await realDelay(5);
      };
      await world.during(isTried());
    },
  };
}

test("a policy that is replaced while everything runs is obeyed by controller and NMI, a bad one by nobody", async (t) => {
  const { world, put, decisionLog } = await start(t);
  assert.equal((await world.ask(pod)).status, 200);
  const vm = machineOf(world);
  const { policy, engine } = world.stack;
  const shipped = engine.digest;
  const before = world.identitiesOn(vm);

  const broken = join(tmpdir(), `podid-broken-${process.pid}`);
  await writeFile(broken, "not a bundle");
  t.after(() => rm(broken));
  await put(broken, () => policy.lastFault() !== null);
  assert.equal(policy.lastFault()?.code, "BundleUnreadable");
  assert.equal((await world.ask(pod)).status, 200);

  const closing = 'package custom\n\ndeny contains {"rule": "audit"} if input.pod.namespace == "reports"\n';
  const files = { ...shippedPolicyFiles(), "custom/deny/deny.rego": closing };
  const isAnother = (): boolean => policy.lastFault() === null && engine.digest !== shipped;
  await withArchive(files, (path) => put(path, isAnother));
  const refused = await world.during(world.ask(pod));
  assert.deepEqual([refused.status, refused.reasons], [403, ["DeniedByPolicy"]]);
  await world.settle();
  assert.deepEqual(
    world.identitiesOn(vm),
    before.filter((name) => name !== "report-writer"),
  );

  await put(shippedFiles.bundle, () => engine.digest === shipped);
  await world.settle();
  assert.deepEqual(new Set(world.identitiesOn(vm)), new Set(before));
  assert.equal((await world.during(world.ask(pod))).status, 200);

  await policy.close();
  const records = (await readFile(decisionLog, "utf8")).trimEnd().split("\n");
  const digests = new Set(records.map((line) => JSON.parse(line).digest));
  assert.equal(digests.size, 2, "each record names the policy that decided");
});

/** The scale set that the pod's identity is on. */
function machineOf({ stack }: World): string {
  const node = stack.source.get("Node", stack.source.get("Pod", pod)?.node ?? "");
  const [, id] = /^azure:\/\/(.*\/virtualMachineScaleSets\/[^/]+)/.exec(node?.providerID ?? "") ?? [];
  return id ?? assert.fail(`${pod} is on no scale set`);
}
