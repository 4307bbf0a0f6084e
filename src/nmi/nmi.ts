import type { Decider } from "../engine/engine.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { createApp, type AppDeps } from "./app.ts";
import { createAssignments } from "./assignments.ts";
import { createCallerIndex } from "./caller.ts";
import { createJudge } from "./decide.ts";
import { createHolds } from "./hold.ts";
import { createNmiMetrics } from "./metrics.ts";
import type { PlatformMetadata, Resources, TokenSource } from "./ports.ts";
import { createManagedAssignments } from "./managed-assignments.ts";
import { createRecentChanges } from "./recent-changes.ts";
import { listen, type ListenAddress, type ListenOn, type TokenServer } from "./server.ts";
import { createSlots } from "./slots.ts";
import { createTokenCache } from "./token-cache.ts";
import { imdsCallsAtOnce } from "./token-fetch.ts";

export interface NmiOptions {
  /** Host names, without port, that clients may address the daemon by. */
  readonly hosts: readonly string[];
  /** Serve only identities in the pod's own namespace. */
  readonly namespaced: boolean;
  /** Identities are put on VMs by somebody else: nothing is waited for (`--operation-mode=managed`). */
  readonly managed: boolean;
  /** How long a request waits for its identity to be assigned; four SDKs give up at 60 s. */
  readonly holdPendingMs: number;
  /** How long a request waits for its pod to become known. */
  readonly holdUnknownCallerMs: number;
  /** How long a request waits for a first binding of its pod. */
  readonly holdUnboundMs: number;
  /**
   * Answer a pod that nothing binds with 400 at once. By default it gets a 404 after a short wait, as
   * aad-pod-identity did, which SDKs repeat for up to 100 s (reference/azure.md §1.7).
   */
  readonly refuseUnboundAtOnce: boolean;
  /** How long after a change an identity that was not found may still appear. */
  readonly identityGraceMs: number;
}

const defaults: NmiOptions = {
  hosts: ["169.254.169.254"],
  namespaced: false,
  managed: false,
  holdPendingMs: 50_000,
  holdUnknownCallerMs: 10_000,
  holdUnboundMs: 2_000,
  refuseUnboundAtOnce: false,
  identityGraceMs: 120_000,
};

export interface NmiDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Serve the pods of this node only; null: of all nodes. */
  readonly node: string | null;
  readonly resources: Resources;
  readonly decider: Decider;
  readonly tokens: TokenSource;
  readonly platform: PlatformMetadata;
  readonly metrics: Metrics;
  /** Whether `resources` shows everything by now; no token before that. */
  readonly isSynced?: () => boolean;
  /** Why the daemon cannot do its work, for /readyz. */
  readonly notReady?: () => readonly string[];
  readonly options?: Partial<NmiOptions>;
}

/** The node daemon. */
export interface Nmi {
  /** Starts to serve; answers the address in use. Rejects with the listen error. */
  listen(on: ListenOn): Promise<ListenAddress>;
  /** Answers waiting requests with 503, lets the others end, stops. */
  close(): Promise<void>;
}

/** Wires the daemon. It follows the store's changes from now on, and serves once told to listen. */
export function createNmi(deps: NmiDeps): Nmi {
  const draining = new AbortController();
  const stopped = new AbortController();
  const stop = (): void => stopped.abort(new Error("stopped"));
  const { app, unsubscribe } = wire(deps, draining.signal, stopped.signal);
  const servers: TokenServer[] = [];
  return {
    listen: async (on) => {
      const server = await listen(app, on);
      servers.push(server);
      return server.address;
    },
    close: async () => {
      draining.abort(new Error("draining"));
      await Promise.all(servers.map((server) => server.close(deps.clock, stop)));
      stop();
      unsubscribe();
    },
  };
}

function wire(deps: NmiDeps, draining: AbortSignal, stopped: AbortSignal) {
  const { clock, log, node, resources, platform } = deps;
  const options = { ...defaults, ...deps.options };
  const metrics = createNmiMetrics(deps.metrics);
  const callers = createCallerIndex({ resources, node });
  const recent = createRecentChanges({ clock, resources, keepMs: options.identityGraceMs });
  const { namespaced, managed } = options;
  const assignments = managed
    ? createManagedAssignments({ ...deps, namespaced })
    : createAssignments(resources);
  const imdsSlots = createSlots(imdsCallsAtOnce);
  const appDeps: AppDeps = {
    ...options,
    isSynced: deps.isSynced ?? (() => true),
    notReady: deps.notReady ?? (() => []),
    hosts: new Set(options.hosts.map((host) => host.toLowerCase())),
    clock,
    log,
    resources,
    platform,
    callers,
    recent,
    judge: createJudge({ ...deps, assignments, namespaced, onHintMismatch: metrics.onHintMismatch }),
    imdsSlots,
    cache: createTokenCache({ ...deps, imdsSlots, stopped, onFetch: (result) => metrics.onFetch(result) }),
    holds: createHolds({ ...deps, draining, onHeld: (count) => metrics.onHeld(count) }),
    registry: deps.metrics,
    metrics,
    draining,
  };
  const unsubscribe = (): void => {
    callers.close();
    assignments.close();
    recent.close();
  };
  return { app: createApp(appDeps), unsubscribe };
}
