import type { MessagePort } from "node:worker_threads";

import type { DataPatch } from "./cluster-data.ts";
import type { EngineErrorCode } from "./errors.ts";

/** What passes between the daemon's thread and one that runs a policy. */

export interface ThreadSetup {
  readonly module: WebAssembly.Module;
  readonly paths: readonly string[];
  readonly maximumPages: number;
  /** Requests come in here, and each gets one reply, in order. */
  readonly port: MessagePort;
  /** The number of replies that were sent; the other thread sleeps on it. */
  readonly replies: Int32Array<SharedArrayBuffer>;
}

/** Sent once, over the thread's own channel. */
export type ThreadStart =
  | { readonly ready: true }
  | { readonly ready: false; readonly code: EngineErrorCode; readonly message: string };

export type ThreadRequest =
  | { readonly kind: "data"; readonly json: string }
  | { readonly kind: "patch"; readonly patches: readonly DataPatch[] }
  | { readonly kind: "ask"; readonly path: string; readonly inputJson: string };

/** `resultJson` answers "ask"; it is absent when the policy leaves the entrypoint undefined. */
export type ThreadReply =
  | { readonly ok: true; readonly resultJson?: string }
  | { readonly ok: false; readonly message: string };
