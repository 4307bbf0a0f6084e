// `npm run bench:big`: 10,000 bindings and 50,000 pods, generated, with the controller in this process; an argument divides
// both. The peak of memory is of all that was before, the stand-in for the API server among it; npm starts it with the
// flags that `bin/podid` gives a controller.
import { createController } from "../../src/controller/controller.ts";
import type { Compute } from "../../src/controller/ports.ts";
import type { JsonObject } from "../../src/kubernetes/json.ts";
import { createClusterDecider } from "../../src/engine/cluster-decider.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { shippedFiles } from "../../src/cli/paths.ts";
import { readPolicy } from "../../src/cli/policy.ts";
import { createSilentLog } from "../../src/runtime/log.ts";
import { createSimulatedClock } from "../../src/runtime/simulated-clock.ts";
import { createMemoryCluster, type MemoryCluster } from "./memory-cluster.ts";
import { useOf } from "./process-stat.ts";

const group = "/subscriptions/s1/resourceGroups/nodes/providers";
const startMs = Date.parse("2026-06-14T21:50:00Z");

interface BigShape {
  readonly pods: number;
  readonly bindings: number;
  readonly nodes: number;
  readonly namespaces: number;
  /** Bindings whose box closes at midnight in Berlin. */
  readonly nightly: number;
}

interface BigRow {
  readonly what: string;
  readonly cpuSeconds: number;
  readonly writes: number;
  readonly patches: number;
  readonly rssMiB: number;
}

/** Fills a cluster, lets a controller start on it, and then happen what happens to one. */
async function measureBig(shape: BigShape): Promise<readonly BigRow[]> {
  const clock = createSimulatedClock(startMs);
  const engine = await createEngine(await readPolicy(shippedFiles.bundle), {
    nowMs: () => performance.now(),
  });
  const memory = createMemoryCluster();
  const { cluster } = memory;
  const decider = createClusterDecider(engine, cluster);
  const arm = createInstantArm();
  const rows: BigRow[] = [];
  const step = async (what: string, run: () => Promise<void> | void): Promise<void> => {
    const cpu = process.cpuUsage();
    const [writes, patches] = [memory.writes(), arm.patches()];
    await run();
    const { user, system } = process.cpuUsage(cpu);
    rows.push({
      what,
      cpuSeconds: (user + system) / 1e6,
      writes: memory.writes() - writes,
      patches: arm.patches() - patches,
      rssMiB: useOf(process.pid).peakRssMiB,
    });
  };
  await step("read all objects", () => fill(memory, shape));
  const controller = createController({
    clock,
    log: createSilentLog(),
    cluster,
    decider,
    compute: arm.compute,
    namespaced: false,
    random: Math.random,
    statusTerms: { policyDigest: engine.digest, tzdata: "2026c" },
  });
  await step("cold start, all assigned, statuses written", async () => {
    controller.start();
    await controller.settled();
    clock.advance(2000);
    await controller.settled();
  });
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 5000) {
      clock.advance(Math.min(5000, left));
      await controller.settled();
    }
  };
  await step("resync of five minutes", () => advance(300_000));
  await step("one pod more", async () => {
    memory.put("Pod", podBody(shape.pods, shape));
    await controller.settled();
    await advance(2000);
  });
  await step("one binding changed", async () => {
    memory.put("AzureIdentityBinding", bindingBody(shape.nightly, shape, 7));
    await controller.settled();
    await advance(2000);
  });
  await step("on to two minutes before midnight", () =>
    advance(Date.parse("2026-06-14T21:58:00Z") - clock.nowMs()),
  );
  await step(`midnight: ${shape.nightly} bindings close`, () => advance(240_000));
  await controller.close();
  decider.close();
  await engine.close();
  return rows;
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function fill(memory: MemoryCluster, shape: BigShape): void {
  for (const i of numbers(shape.namespaces)) memory.put("Namespace", { metadata: { name: `team-${i}` } });
  for (const i of numbers(shape.nodes)) {
    const providerID = `azure://${group}/Microsoft.Compute/virtualMachines/vm-${i}`;
    memory.put("Node", { metadata: { name: `vm-${i}` }, spec: { providerID } });
  }
  for (const i of numbers(shape.bindings)) {
    const metadata = { namespace: `team-${i % shape.namespaces}`, name: `identity-${i}` };
    const resourceID = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/identity-${i}`;
    memory.put("AzureIdentity", { metadata, spec: { type: 0, resourceID, clientID: `client-${i}` } });
    memory.put("AzureIdentityBinding", bindingBody(i, shape, 0));
  }
  for (const i of numbers(shape.pods)) memory.put("Pod", podBody(i, shape));
}

function bindingBody(i: number, shape: BigShape, weight: number): JsonObject {
  const timeBox =
    i < shape.nightly
      ? {
          openWhen: "Schedule",
          timeZone: "Europe/Berlin",
          windows: [{ times: [{ start: "06:00", end: "24:00" }] }],
          assignment: { keepIfReopensWithin: "1h" },
        }
      : undefined;
  return {
    metadata: { namespace: `team-${i % shape.namespaces}`, name: `binding-${i}` },
    spec: {
      azureIdentity: `identity-${i}`,
      selector: `app-${i}`,
      ...(weight === 0 ? {} : { weight }),
      ...(timeBox && { timeBox }),
    },
  };
}

/** Half a kilobyte of what podid does not read, as a watch brings it. */
function podBody(i: number, shape: BigShape): JsonObject {
  const binding = i % shape.bindings;
  return {
    metadata: {
      namespace: `team-${binding % shape.namespaces}`,
      name: `web-${i}`,
      labels: {
        app: `app-${binding}`,
        aadpodidbinding: `app-${binding}`,
        "pod-template-hash": `hash-${binding}`,
      },
      annotations: { checksum: `sha256:${String(i).padStart(64, "0")}` },
    },
    spec: {
      nodeName: `vm-${i % shape.nodes}`,
      serviceAccountName: `account-${binding}`,
      containers: [{ name: "app" }],
    },
    status: {
      phase: "Running",
      startTime: "2026-06-14T08:00:00Z",
      podIP: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    },
  };
}

interface InstantArm {
  readonly compute: Compute;
  patches(): number;
}

function createInstantArm(): InstantArm {
  const machines = new Map<string, Set<string>>();
  let patches = 0;
  const of = (target: string): Set<string> => {
    const machine = machines.get(target) ?? new Set<string>();
    machines.set(target, machine);
    return machine;
  };
  return {
    patches: () => patches,
    compute: {
      getIdentities: async (target) => ({ ok: true, identities: [...of(target)] }),
      changeIdentities: async (target, { add, remove }) => {
        const machine = of(target);
        const before = new Set(machine);
        for (const id of add) machine.add(id.toLowerCase());
        for (const id of remove) machine.delete(id.toLowerCase());
        if (before.symmetricDifference(machine).size > 0) patches += 1;
        return { ok: true, identities: [...machine] };
      },
    },
  };
}

const full: BigShape = { pods: 50_000, bindings: 10_000, nodes: 500, namespaces: 100, nightly: 1000 };
const divisor = Number(process.argv[2] ?? "1");
for (const row of await measureBig({
  ...full,
  pods: full.pods / divisor,
  bindings: full.bindings / divisor,
  nightly: full.nightly / divisor,
})) {
  console.log(
    row.what.padEnd(50),
    row.cpuSeconds.toFixed(1),
    "s CPU",
    row.writes,
    "writes",
    row.patches,
    "PATCH",
    row.rssMiB.toFixed(0),
    "MiB peak",
  );
}
