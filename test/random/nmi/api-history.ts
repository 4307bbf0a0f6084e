import type { Pod } from "../../../src/engine/resources.ts";
import type { JsonObject } from "../../../src/kubernetes/json.ts";
import { createObjectStore } from "../../../src/kubernetes/object-store.ts";
import { projections } from "../../../src/kubernetes/projections.ts";
import type { RawObject } from "../../../src/kubernetes/raw-object.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import type { MemoryResources } from "../../unit/nmi/memory-resources.ts";

interface Told {
  readonly writtenMs: number;
  readonly type: "put" | "remove";
  readonly raw: RawObject;
}

/** An API server's pods, and a watch that lags, mixes the pods up, repeats and loses; over podid's own store. */
export interface ApiHistory {
  /** The server has this now; the watch will tell, some day. */
  write(
    type: Told["type"],
    pod: { readonly key: string; readonly uid: string; readonly content: JsonObject },
  ): void;
  /** Of the pod that the server has under this key. */
  uidOf(key: string): string | undefined;
  /** What the watch has yet to tell. */
  untold(): readonly RawObject[];
  /** Tells what comes next of one pod, `times` times; 0: it is lost. */
  tellNext(of: number, times: number): void;
  /** Everything up to so long ago has been told. */
  ageSeconds(): number;
  /** What the server has takes the place of all that was told. */
  relist(): void;
}

export function createApiHistory(clock: Clock, resources: MemoryResources): ApiHistory {
  const held = new Map<string, RawObject>();
  const queues = new Map<string, Told[]>();
  let version = 0;
  /** When the first event was lost that no list has made good yet. */
  let lostMs = Number.POSITIVE_INFINITY;
  const store = createObjectStore<Pod>({
    project: (content) => ({ ok: true, object: projections.Pod.parse(content) }),
    onDelta: ({ type, key, object }) =>
      type === "DELETED" ? resources.remove("Pod", key) : resources.put("Pod", object),
    onMalformed: () => undefined,
  });
  return {
    write: (type, { key, uid, content }) => {
      const raw = { key, uid, resourceVersion: String((version += 1)), content };
      if (type === "put") held.set(key, raw);
      else held.delete(key);
      queues.set(key, [...(queues.get(key) ?? []), { type, raw, writtenMs: clock.monotonicMs() }]);
    },
    uidOf: (key) => held.get(key)?.uid,
    untold: () => [...queues.values()].flat().map(({ raw }) => raw),
    tellNext: (of, times) => {
      const waiting = [...queues.values()].filter((queue) => queue.length > 0);
      const next = waiting[of % waiting.length]?.shift();
      if (next === undefined) return;
      if (times === 0) lostMs = Math.min(lostMs, next.writtenMs);
      for (let i = 0; i < times; i += 1) store[next.type](next.raw);
    },
    ageSeconds: () => {
      const heardMs = Math.min(
        lostMs,
        ...[...queues.values()].flat().map(({ writtenMs }) => writtenMs),
        clock.monotonicMs(),
      );
      return (clock.monotonicMs() - heardMs) / 1000;
    },
    relist: () => {
      const swap = store.startSwap();
      for (const raw of held.values()) swap.put(raw);
      swap.commit();
      queues.clear();
      lostMs = Number.POSITIVE_INFINITY;
    },
  };
}
