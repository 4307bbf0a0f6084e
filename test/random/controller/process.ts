import { findCloud } from "../../../src/azure/cloud.ts";
import { createCompute } from "../../../src/azure/compute.ts";
import { fenceCluster, fenceCompute } from "../../../src/cli/daemon/leader-fence.ts";
import { createController } from "../../../src/controller/controller.ts";
import { gatherTerms } from "../../../src/controller/gathering.ts";
import type { Cluster, Compute } from "../../../src/controller/ports.ts";
import type { Decider } from "../../../src/engine/engine.ts";
import type { Key } from "../../../src/engine/resources.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { delay } from "../../../src/runtime/clock.ts";
import { createFakeDecider } from "../../unit/controller/fake-decider.ts";
import { type ApiServer, createWrites } from "./api-server.ts";
import { clientOf, kindOf, targetOf } from "./azure.ts";
import { shortName } from "./ids.ts";
import { createLife, type Life } from "./life.ts";
import type { Surroundings } from "./surroundings.ts";
import { wishesOf, type Wish } from "./wishes.ts";

/** One run of `podid controller`, from the moment when it leads. */
export interface Process {
  readonly name: string;
  readonly life: Life;
  /** Its watch stands still, or goes on. */
  lag(is: boolean): void;
  /** The lease is lost, and the process knows. */
  stepDown(): void;
}

const cloud = findCloud("");
const credential = { getToken: async () => ({ token: "eyJ0", expiresOnTimestamp: 0 }) };

/** Starts a process that finds nothing but the objects. */
export function startProcess(around: Surroundings, name: string): Process {
  const { server, azure } = around;
  const cache = server.connect();
  const life = createLife(around, name);
  const { compute: spoil = (sound: Compute) => sound, unfenced = false } = around.sabotage ?? {};
  const isLeader = (): boolean => unfenced || around.leader() === name;
  const office = new AbortController();
  const leadership = { isLeader, leading: () => office.signal };
  const arm = createCompute({
    clock: life.clock,
    cloud,
    credential,
    random: () => 0,
    mayWrite: isLeader,
    httpClient: clientOf((request) => {
      const kind = kindOf(request);
      const fault = around.nextArmFault(kind);
      const label = `${kind} ${kind === "POLL" ? "" : shortName(targetOf(request))}${fault === null ? "" : ` ${JSON.stringify(fault)}`}`;
      return life.effect({ label, writes: kind === "PATCH" }, async () => {
        const answer = await azure.serve(request, fault);
        return fault?.kind === "hangs" ? "hang" : answer;
      });
    }),
  });
  const { decider, watched } = watchPlans(around, cache);
  const controller = createController({
    clock: life.clock,
    log: createSilentLog(),
    cluster: fenceCluster(clusterFor(around, name, life, cache), leadership, life.clock),
    decider,
    compute: watched(spoil(fenceCompute(arm, leadership))),
    namespaced: false,
    random: () => 0,
    gather: gatherTerms,
    statusTerms: { policyDigest: "digest", tzdata: "2026c" },
  });
  life.onDeath(() => cache.close());
  controller.start();
  return {
    name,
    life,
    lag: (is) => cache.lag(is),
    stepDown: () => {
      office.abort();
      void controller.close().then(() => cache.close());
    },
  };
}

type Cache = ReturnType<ApiServer["connect"]>;

function clusterFor(around: Surroundings, name: string, life: Life, cache: Cache): Cluster {
  const { server } = around;
  const writes = createWrites(server, cache);
  const write = async <T>(label: string, run: () => T): Promise<T> => {
    const fault = around.nextApiFault();
    const result = await life.effect({ label, writes: true }, () => {
      if (fault === "refused") throw new Error("500: the API server is busy");
      const done = run();
      if (fault === "lost") throw new Error("the connection to the API server broke");
      return done;
    });
    await seen(life, cache, server.version());
    return result;
  };
  const status = (label: string, run: () => Promise<void>): Promise<void> =>
    life.effect({ label, writes: true }, run);
  return {
    ...cache.cluster,
    statusOf: (kind, key) => server.truth.statusOf(kind, key),
    createAssignedIdentity: async (object) => {
      const created = await write(`create ${object.name}`, () => writes.create(object));
      around.made(name, object);
      return created;
    },
    replaceAssignedIdentity: (object) => write(`replace ${object.name}`, () => writes.replace(object)),
    patchAssignedIdentityStatus: (key, patch) =>
      write(`${key} → ${patch.status ?? "shown"}`, () => writes.patchStatus(key, patch)),
    deleteAssignedIdentity: (key) => write(`delete ${key}`, () => writes.remove(key)),
    applyBindingStatus: (key, value) => status("status", () => server.truth.applyBindingStatus(key, value)),
    applyGrantStatus: (key, value) => status("status", () => server.truth.applyGrantStatus(key, value)),
  };
}

/** A writer goes on when its cache shows what it wrote, or after 10 s (src/kubernetes/assigned-identity-writer.ts). */
async function seen(life: Life, cache: Cache, version: number): Promise<void> {
  if (cache.version() >= version) return;
  await life.effect({ label: "watch", writes: false }, () =>
    Promise.race([cache.until(version), delay(life.clock, 10_000)]),
  );
}

function isSame(a: Wish, b: Wish): boolean {
  return a.uid === b.uid && a.id === b.id && a.target === b.target;
}

/** Whoever asks to remove an identity must not have known, when the plan was made, of somebody who needs it. */
function watchPlans(
  around: Surroundings,
  cache: Cache,
): { readonly decider: Decider; readonly watched: (compute: Compute) => Compute } {
  const decider = createFakeDecider(() => cache.cluster.list("AzureIdentityBinding"));
  const planned = new Map<Key, readonly Wish[]>();
  const wishes = (): readonly Wish[] => wishesOf(cache.cluster, around.clock.nowMs());
  const mayRemove = (target: string, id: string): void => {
    const user = wishes().find(
      (wish) =>
        wish.must &&
        wish.target === target.toLowerCase() &&
        wish.id === id.toLowerCase() &&
        planned.get(wish.pod)?.some((before) => before.must && isSame(before, wish)),
    );
    if (user !== undefined) around.violated(`${user.pod} needs what is to be removed: ${shortName(id)}`);
  };
  return {
    decider: {
      ...decider,
      decide: (entrypoint, input) => {
        around.stirred();
        if ("pod" in input) {
          const key = `${input.pod.namespace}/${input.pod.name}`;
          planned.set(
            key,
            wishes().filter(({ pod }) => pod === key),
          );
        }
        return decider.decide(entrypoint, input);
      },
    },
    watched: (compute) => ({
      getIdentities: (target, signal) => compute.getIdentities(target, signal),
      changeIdentities: (target, change, signal) => {
        for (const id of change.remove) mayRemove(target, id);
        return compute.changeIdentities(target, change, signal);
      },
    }),
  };
}
