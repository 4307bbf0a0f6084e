import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { collectionPath } from "../../../src/kubernetes/kind-paths.ts";
import type { KubernetesApi } from "../../../src/kubernetes/api.ts";
import { watchLiveness } from "../../../src/kubernetes/liveness.ts";
import { reflectKind } from "../../../src/kubernetes/reflected-kind.ts";
import type { ResourceKind } from "../../../src/kubernetes/resource-source.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { type Api, listAt, succeed, textAt } from "../../control-plane/api.ts";
import { useControlPlane } from "../../control-plane/control-plane.ts";
import { applyCrds, createNamespace, grantUser } from "../../control-plane/fixtures.ts";
import { waitFor } from "../../control-plane/wait.ts";
import { clientOf, clock } from "./followed.ts";
import { useProxy } from "./proxy.ts";

const kinds = ["Pod", "AzureIdentity", "AzureIdentityBinding", "AzurePodIdentityException"] as const;
/** Written once at the beginning: a kind whose resourceVersion a crash makes too old. */
const quietKinds = ["AzureIdentityAccessApproval", "Namespace"] as const;
const random = Math.random;
const workers = 16;
const operationsBetweenCrashes = 1_700;
const recoveryMs = 5_000;

type Versions = ReadonlyMap<string, string>;

function bodyFor(kind: ResourceKind, name: string, label: string): unknown {
  const metadata = { name, labels: { round: label } };
  if (kind === "Pod")
    return { metadata, spec: { containers: [{ name: "app", image: "registry.invalid/app:1" }] } };
  return { apiVersion: "aadpodidentity.k8s.io/v1", kind, metadata, spec: {} };
}

function pathIn(kind: ResourceKind, namespace: string): string {
  return collectionPath(kind).replace(/\/([a-z]+)$/, `/namespaces/${namespace}/$1`);
}

/** What the server has, read by another client than podid's. */
async function truthOf(admin: Api, kind: ResourceKind): Promise<Versions> {
  const list = await succeed(admin.get(collectionPath(kind)));
  return new Map(
    listAt(list, "items").map((item) => {
      const { namespace } = { namespace: "", ...Object(Object(item).metadata) };
      const name = textAt(item, "metadata", "name");
      const key = namespace === "" ? name : `${namespace}/${name}`;
      return [key, `${textAt(item, "metadata", "uid")}@${textAt(item, "metadata", "resourceVersion")}`];
    }),
  );
}

describe("a reflector under torture", () => {
  const plane = useControlPlane();

  it("ends equal to the server after crashes, a road that was closed, and lost history", async (t) => {
    await applyCrds(plane());
    const admin = plane().api();
    await grantUser(admin, "follower", [
      { apiGroups: ["", "aadpodidentity.k8s.io"], resources: ["*"], verbs: ["get", "list", "watch"] },
    ]);
    const proxy = await useProxy(t, plane(), await plane().kubeconfigFor("follower"));
    const client = await clientOf(t, plane(), proxy.kubeconfig);
    let attempts = 0;
    const api: KubernetesApi = {
      ...client,
      watch: (watch) => {
        attempts += 1;
        return client.watch(watch);
      },
    };
    const followed = [...kinds, ...quietKinds].map((kind) => {
      const mirror = new Map<string, unknown>();
      const reflected = reflectKind(
        kind,
        {},
        {
          api,
          clock,
          random,
          log: createSilentLog(),
          onChange: (key) => {
            const object = reflected.store.get(key);
            if (object === undefined) mirror.delete(key);
            else mirror.set(key, object);
          },
        },
      );
      t.after(() => reflected.reflector.close());
      reflected.reflector.start();
      const { store, reflector } = reflected;
      return { kind, mirror, store, reflector };
    });
    const namespaces = await Promise.all(Array.from({ length: 3 }, () => createNamespace(admin, "torture")));
    await Promise.all(followed.map(({ reflector }) => reflector.synced));

    const stopLiveness = watchLiveness({
      api,
      clock,
      random,
      reflectors: followed.map(({ reflector }) => reflector),
      wakeSpreadMs: 800,
      onLook: () => undefined,
    });
    t.after(stopLiveness);
    let operations = 0;
    const done = { writing: false };
    const work = async (worker: number): Promise<void> => {
      const living = new Set<string>();
      for (let i = 0; !done.writing;) {
        const kind = kinds[Math.floor(Math.random() * kinds.length)] ?? "Pod";
        const namespace = namespaces[i % namespaces.length] ?? "";
        const name = `w${worker}-${Math.floor(Math.random() * 12)}`;
        const path = `${pathIn(kind, namespace)}/${name}`;
        try {
          const dice = Math.random();
          const answer = !living.has(path)
            ? await admin.post(pathIn(kind, namespace), bodyFor(kind, name, String(i)))
            : dice < 0.5
              ? await admin.patch(path, { metadata: { labels: { round: String(i) } } })
              : await admin.delete(path, { gracePeriodSeconds: 0 });
          if (answer.status >= 500 || answer.status === 429) throw new Error(`answered ${answer.status}`);
          operations += 1;
          i += 1;
          const isThere = (await admin.get(path)).status === 200;
          if (isThere) living.add(path);
          else living.delete(path);
        } catch {
          // The server is away, and what became of the write is not known.
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    };
    /** Back at the worst moment: some watch has just been tried in vain, after the server was there. */
    const openLate = async (): Promise<number> => {
      const before = attempts;
      await waitFor(() => attempts > before, "a watch that is tried in vain", 60_000);
      await new Promise((resolve) => setTimeout(resolve, 200));
      proxy.open();
      return performance.now();
    };
    /** Answers when the API server could be reached for the last time; nothing is written after that. */
    const crashes = async (): Promise<number> => {
      for (let crash = 1; ; crash += 1) {
        const mark = operations + operationsBetweenCrashes;
        await waitFor(() => operations > mark, "some operations", 300_000);
        if (crash === 2) {
          // Blind for a while: deletions and new objects of old names are not seen by any watch.
          proxy.cut();
          const blind = operations + 500;
          await waitFor(() => operations > blind, "operations unseen", 300_000);
        }
        if (crash === 3) proxy.cut();
        await plane().crash();
        if (crash === 2) proxy.open();
        done.writing = crash === 3;
        if (done.writing) await working;
        await plane().restart();
        if (done.writing) return await openLate();
      }
    };
    const working = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
    const recoveredMs = await crashes();
    const different = async (): Promise<readonly string[]> => {
      const answers = await Promise.all(
        followed.map(async ({ kind, store }) => {
          const truth = await truthOf(admin, kind);
          const held: Versions = new Map(
            [...store.versions()].map(([key, { uid, resourceVersion }]) => [
              key,
              `${uid}@${resourceVersion}`,
            ]),
          );
          const keys = new Set([...truth.keys(), ...held.keys()]);
          return [...keys]
            .filter((key) => truth.get(key) !== held.get(key))
            .map((key) => `${kind} ${key}: ${truth.get(key) ?? "none"}, held ${held.get(key) ?? "none"}`);
        }),
      );
      return answers.flat();
    };
    // When a comparison began that found none: comparing takes its time on a machine that is busy.
    const tookMs = await waitFor(
      async () => {
        const beganMs = performance.now();
        return (await different()).length === 0 && beganMs - recoveredMs;
      },
      "no difference",
      60_000,
    ).catch(() => Infinity);
    assert.deepEqual(await different(), []);
    assert.ok(tookMs <= recoveryMs, `equal ${Math.round(tookMs)} ms after the last recovery`);
    for (const { store, mirror, kind } of followed) {
      const shown = new Map([...store.versions().keys()].map((key) => [key, store.get(key)]));
      assert.deepEqual(mirror, shown, `a replay of the changes of ${kind} gives the store`);
    }
    const stats = followed.map(({ kind, reflector }) => ({ kind, stats: reflector.stats() }));
    assert.ok(operations >= 5_000, `${operations} operations`);
    assert.ok(
      stats.some((one) => one.stats.relists.expired > 0),
      "history was lost at least once",
    );
    assert.ok(stats.every((one) => one.stats.drift === 0));
    t.diagnostic(`${operations} operations; equal ${Math.round(tookMs)} ms after the last recovery`);
    for (const {
      kind,
      stats: { relists, restarts },
    } of stats) {
      t.diagnostic(`${kind}: relists ${JSON.stringify(relists)}, restarts ${restarts}`);
    }
  });
});
