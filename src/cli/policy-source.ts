import { stat } from "node:fs/promises";

import { createBundleSlot, type BundleSlot } from "../engine/bundle-slot.ts";
import type { EngineOptions } from "../engine/engine.ts";
import { EngineError, type EngineErrorCode } from "../engine/errors.ts";
import type { Cancel, Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { commandErrorOf, readPolicy } from "./policy.ts";
import { createPolicyMetrics } from "./policy-metrics.ts";

/** Why the bundle that lies on disk is not the one that serves. */
export interface PolicyLoadFault {
  readonly code: EngineErrorCode;
  readonly message: string;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** A policy that follows its bundle file; the last good one goes on serving when the file turns bad. */
export interface PolicySource {
  readonly engine: BundleSlot;
  /** Null while the file on disk is the policy that serves. For readiness and for people. */
  readonly lastFault: () => PolicyLoadFault | null;
  /** Shows in `metrics` which bundle serves and how later loads went; answers `metrics`. */
  readonly countIn: (metrics: Metrics) => Metrics;
  /** Ends following, waits for a load that is under way, and closes the engine. */
  close(): Promise<void>;
}

export interface PolicySourceOptions extends Omit<EngineOptions, "nowMs"> {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The log lines about a bundle that was tried. */
export const policyMessages = {
  loaded: "a new policy bundle serves",
  refused: "policy bundle refused; the last good one goes on serving",
} as const;

/**
 * The file is looked at, not watched: a rename, a link that is turned (`..data` of a ConfigMap) and a rewrite
 * in place all change what `stat` says, on every file system.
 */
const lookEveryMs = 5000;
/** A refusal may be the machine's, such as a self-check that a starved thread did not answer in time. */
const retryRefusedMs = 60_000;

/**
 * Loads the policy bundle `file` and follows it from then on.
 * @throws CommandError 3 when there is no good bundle to start with.
 */
export async function openPolicySource(options: PolicySourceOptions): Promise<PolicySource> {
  const { file, clock, log, ...listeners } = options;
  const before = await fingerprint(file);
  const engine = await readPolicy(file)
    .then((bundle) => createBundleSlot(bundle, { nowMs: () => clock.monotonicMs(), ...listeners }))
    .catch(commandErrorOf);
  const metrics = createPolicyMetrics(engine);
  const load = createLoad({ file, clock, log, engine, onLoad: metrics.onLoad });
  const following = follow({ file, clock, before, load: load.now });
  return {
    engine,
    lastFault: load.lastFault,
    countIn: metrics.countIn,
    close: async () => {
      await following.stop();
      await engine.close();
    },
  };
}

interface Load {
  /** Reads the file and puts it into the slot; answers whether it serves now. Never rejects. */
  readonly now: () => Promise<boolean>;
  readonly lastFault: () => PolicyLoadFault | null;
}

function createLoad(deps: {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly engine: BundleSlot;
  readonly onLoad: (result: "loaded" | "refused") => void;
}): Load {
  const { file, clock, log, engine, onLoad } = deps;
  let lastFault: PolicyLoadFault | null = null;

  const refuse = ({ code, message }: EngineError): void => {
    // Tried again each minute, but said once.
    if (lastFault?.message !== message) {
      const serving = { revision: engine.revision, digest: engine.digest };
      log.error(
        { file, code, reason: message, fix: fixes[code] ?? usualFix, serving },
        policyMessages.refused,
      );
    }
    lastFault = { code, message, atMs: clock.nowMs() };
    onLoad("refused");
  };
  const now = async (): Promise<boolean> => {
    const bundle = await readPolicy(file).catch(asEngineError);
    const isSame = !(bundle instanceof EngineError) && bundle.digest === engine.digest;
    if (isSame) {
      lastFault = null;
      return true;
    }
    const fault = bundle instanceof EngineError ? bundle : await engine.load(bundle);
    if (fault !== undefined) {
      refuse(fault);
      return false;
    }
    lastFault = null;
    onLoad("loaded");
    log.info({ file, revision: engine.revision, digest: engine.digest }, policyMessages.loaded);
    return true;
  };
  return { now, lastFault: () => lastFault };
}

const usualFix = "compile the policy with `opa build -t wasm` and put the bundle in this place";
const fixes: Partial<Record<EngineErrorCode, string>> = {
  BundleUnreadable: "put a whole bundle in this place, by rename rather than by copying over it",
  BuiltinMissing: "compile with `opa build --capabilities policies/capabilities.json`, which names the call",
  EntrypointMissing: "compile the rules together with podid's own (policies/bundle), not alone",
  SelfCheckFailed:
    "the policy must answer about a pod that nothing binds: try it with `podid explain --policy`",
};

function asEngineError(cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  return new EngineError("BundleUnreadable", "the policy bundle cannot be read", { cause });
}

/** Calls `load` when the file has become another since `before`, and again after a while when it was refused. */
function follow(options: {
  readonly file: string;
  readonly clock: Clock;
  readonly before: string;
  readonly load: () => Promise<boolean>;
}): { stop(): Promise<void> } {
  const { file, clock, load } = options;
  let known = options.before;
  let retryAtMs = Number.POSITIVE_INFINITY;
  let isStopped = false;
  let cancel: Cancel | undefined;
  let running = Promise.resolve();

  const look = async (): Promise<void> => {
    const seen = await fingerprint(file);
    if (seen === known && clock.monotonicMs() < retryAtMs) return;
    const isServing = await load();
    retryAtMs = isServing ? Number.POSITIVE_INFINITY : clock.monotonicMs() + retryRefusedMs;
    // As it was before the read: what changed meanwhile is another change.
    known = seen;
  };
  const schedule = (): void => {
    if (isStopped) return;
    cancel = clock.after(lookEveryMs, () => void (running = look().then(schedule)));
  };
  schedule();
  return {
    stop: async () => {
      isStopped = true;
      cancel?.();
      await running;
    },
  };
}

/** What `stat` says of the file behind all links; empty when there is none. */
async function fingerprint(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  if (found === undefined) return "";
  return [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(" ");
}
