import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import { KubernetesError, type KubernetesErrorCode } from "../../../src/kubernetes/errors.ts";
import { createObjectStore, type ObjectStore } from "../../../src/kubernetes/object-store.ts";
import { createReflector, type Reflector, type ReflectorOptions } from "../../../src/kubernetes/reflector.ts";
import { createSilentLog } from "../../../src/runtime/log.ts";
import { createSimulatedClock, type SimulatedClock } from "../../../src/runtime/simulated-clock.ts";
import {
  bookmark,
  createScriptedApi,
  eventLine,
  type ScriptedApi,
  type ScriptedWatch,
} from "./scripted-api.ts";

export interface Scene {
  readonly server: ScriptedApi;
  readonly clock: SimulatedClock;
  readonly store: ObjectStore<string>;
  readonly deltas: readonly string[];
  readonly reflector: Reflector;
  /** The next event cannot be applied. */
  readonly failOnce: () => void;
}

/** A reflector that has been started on a server that the test plays. */
export function start(t: TestContext, options: Partial<ReflectorOptions> = {}): Scene {
  const server = createScriptedApi();
  const clock = createSimulatedClock(Date.UTC(2026, 0, 1));
  const deltas: string[] = [];
  const fails = { next: false };
  const store = createObjectStore<string>({
    project: ({ metadata }) => ({ ok: true, object: JSON.stringify(metadata) }),
    onDelta: ({ type, key, uid }) => void deltas.push(`${type} ${key} ${uid}`),
    onMalformed: () => {},
  });
  const reflector = createReflector({
    api: server.api,
    clock,
    log: createSilentLog(),
    random: () => 0.5,
    collection: { path: "/apis/g/v1/things", selectors: { fieldSelector: "spec.nodename=n1" } },
    store: {
      ...store,
      put: (raw) => {
        if (fails.next) {
          fails.next = false;
          throw new Error("broken");
        }
        store.put(raw);
      },
    },
    listFrom: "cache",
    ...options,
  });
  t.after(() => reflector.close());
  reflector.start();
  return { server, clock, store, deltas, reflector, failOnce: () => void (fails.next = true) };
}

/** Plays a watch-list with these objects to its end; the watch goes on. */
export async function list(
  scene: Scene,
  version: string,
  ...names: readonly string[]
): Promise<ScriptedWatch> {
  const watch = await scene.server.settle();
  assert.equal(watch.query["sendInitialEvents"], "true");
  watch.open();
  for (const name of names) watch.line(eventLine("ADDED", name, version));
  watch.line(bookmark(version, { endsInitialEvents: true }));
  await scene.server.settle();
  return watch;
}

/** Lets a backoff of at most `ms` pass; answers the watch that was opened then. */
export async function later({ server, clock }: Scene, ms: number): Promise<ScriptedWatch> {
  const before = server.watches.length;
  await server.settle();
  assert.equal(server.watches.length, before, "it waits first");
  clock.advance(ms);
  const watch = await server.settle();
  assert.equal(server.watches.length, before + 1, `it tries again within ${ms} ms`);
  return watch;
}

/** What a server refuses with. */
export function fault(code: KubernetesErrorCode, retryAfterMs: number | null = null): KubernetesError {
  return new KubernetesError(code, `the server says ${code}`, { retryAfterMs });
}

/** The keys of all objects that the store knows. */
export function keys(scene: Scene): readonly string[] {
  return [...scene.store.versions().keys()].toSorted();
}
