import { setImmediate as turn } from "node:timers/promises";

import type { ApiCall, ApiWatch, KubernetesApi } from "../../../src/kubernetes/api.ts";
import { overTheWire } from "./over-the-wire.ts";

/** A watch that the test plays the server of. */
export interface ScriptedWatch extends ApiWatch {
  /** Answers 200. */
  open(): void;
  /** Refuses it, or breaks it when it is open. */
  fail(error: Error): void;
  line(text: string): void;
  end(): void;
}

/** An API server whose every answer the test gives. */
export interface ScriptedApi {
  readonly api: KubernetesApi;
  readonly calls: readonly ApiCall[];
  /** Answers calls; a thrown error refuses them. */
  answer: (call: ApiCall) => unknown;
  /** The watches so far, in order. */
  readonly watches: readonly ScriptedWatch[];
  /** Lets everything run that waits for nothing but promises; answers the last watch. */
  settle(): Promise<ScriptedWatch>;
}

export function createScriptedApi(): ScriptedApi {
  const watches: ScriptedWatch[] = [];
  const calls: ApiCall[] = [];
  const script: ScriptedApi = {
    calls,
    watches,
    answer: (call) => {
      throw new Error(`the test has no answer to ${call.method} ${call.path}`);
    },
    settle: async () => {
      for (let i = 0; i < 10; i += 1) await turn();
      const last = watches.at(-1);
      if (last === undefined) throw new Error("nothing was watched");
      return last;
    },
    api: {
      call: async (call) => {
        calls.push(call);
        call.signal?.throwIfAborted();
        return overTheWire(script.answer(call));
      },
      watch: (watch) => {
        const scripted = scriptWatch(watch);
        watches.push(scripted);
        return scripted.opened;
      },
      clockSkewMs: () => null,
      close: async () => {},
    },
  };
  return script;
}

function scriptWatch(watch: ApiWatch): ScriptedWatch & { readonly opened: Promise<AsyncIterable<string>> } {
  const { promise: opened, resolve, reject } = Promise.withResolvers<AsyncIterable<string>>();
  const waiting: (string | Error | null)[] = [];
  let wake: (() => void) | undefined;
  const push = (item: string | Error | null): void => {
    waiting.push(item);
    wake?.();
  };
  const lines = async function* (): AsyncGenerator<string, void, undefined> {
    for (;;) {
      while (waiting.length === 0) {
        await new Promise<void>((next) => {
          wake = next;
        });
      }
      const item = waiting.shift();
      if (item instanceof Error) throw item;
      if (item === null || item === undefined) return;
      yield item;
    }
  };
  const fail = (error: Error): void => {
    reject(error);
    push(error);
  };
  watch.signal.addEventListener("abort", () => fail(watch.signal.reason), { once: true });
  return { ...watch, opened, open: () => resolve(lines()), fail, line: push, end: () => push(null) };
}

/** An object as a server sends it. */
export function rawObject(
  name: string,
  version: string,
  uid = `uid-${name}`,
): Readonly<Record<string, unknown>> {
  return {
    metadata: { name, namespace: "shop", uid, resourceVersion: version },
    spec: { podLabels: { version } },
  };
}

export function eventLine(
  type: "ADDED" | "MODIFIED" | "DELETED",
  name: string,
  version: string,
  uid?: string,
): string {
  return JSON.stringify({ type, object: rawObject(name, version, uid) });
}

export function bookmark(version: string, options: { readonly endsInitialEvents?: boolean } = {}): string {
  const annotations = options.endsInitialEvents === true ? { "k8s.io/initial-events-end": "true" } : {};
  return JSON.stringify({
    type: "BOOKMARK",
    object: { metadata: { resourceVersion: version, annotations } },
  });
}

export function errorLine(code: number, reason: string): string {
  return JSON.stringify({
    type: "ERROR",
    object: { kind: "Status", code, reason, message: `${reason} it is` },
  });
}

export function listAnswer(
  version: string,
  items: readonly unknown[],
  next?: string,
): Readonly<Record<string, unknown>> {
  return { metadata: { resourceVersion: version, ...(next === undefined ? {} : { continue: next }) }, items };
}
