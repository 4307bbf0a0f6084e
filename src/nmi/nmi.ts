import type { Decider } from "../engine/engine.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { createAdmission, type AdmissionLimits } from "./admission.ts";
import { createApp, type AppDeps } from "./app.ts";
import { createAssignments } from "./assignments.ts";
import { createCallerIndex } from "./caller.ts";
import { createExemptions, createJudge } from "./decide.ts";
import { createFloodPause } from "./flood-pause.ts";
import { createHeldCap } from "./held-cap.ts";
import { createHolds } from "./hold.ts";
import type { InterfaceBehind } from "./interface-memory.ts";
import { createNmiMetrics } from "./metrics.ts";
import { createPassThrough } from "./pass-through.ts";
import { createPastGrants } from "./past-grants.ts";
import { createPlatformCalls, type PlatformCallsDeps } from "./platform-calls.ts";
import type { PlatformMetadata, Resources, TokenSource } from "./ports.ts";
import { createReferenceMetrics } from "./reference-metrics.ts";
import type { MetadataArea } from "./request-path.ts";
import { createManagedAssignments } from "./managed-assignments.ts";
import { createRecentChanges } from "./recent-changes.ts";
import {
  listen,
  mostConnectionsPerAddress,
  type ListenAddress,
  type ListenOn,
  type TokenServer,
} from "./server.ts";
import { createSlots } from "./slots.ts";
import { createTokenCache } from "./token-cache.ts";
import { imdsCallsAtOnce, imdsPace } from "./token-fetch.ts";

export interface NmiOptions extends AdmissionLimits {
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
  /** Serve /host/token to the node's own processes. */
  readonly servesHostToken: boolean;
  /** What of the platform's metadata pods may read. */
  readonly metadataAreas: readonly MetadataArea[];
  /** Answer 503 with Retry-After 20 where no identity is found (`--set-retry-after-header`). */
  readonly retryAfterUnselected: boolean;
  /** Requests that may wait, in all and for one caller. */
  readonly mostHeld: number;
  readonly mostHeldPerCaller: number;
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
  servesHostToken: true,
  metadataAreas: ["instance", "versions"],
  retryAfterUnselected: false,
  // Some SDKs send 20 requests for the first 10 that an app makes; a node has 110 pods.
  mostHeld: 1_000,
  mostHeldPerCaller: 50,
  mostAtOncePerCaller: 100,
  perSecondPerCaller: 100,
  burstPerCaller: 200,
};

/** Some SDKs probe before every use of a token. A probe costs a fifth of a request for one. */
const probeLimits: AdmissionLimits = {
  mostAtOncePerCaller: mostConnectionsPerAddress,
  perSecondPerCaller: 250,
  burstPerCaller: 500,
};

const floodPause = { pauseMs: 1_000, apartMs: 5, mostPerCaller: mostConnectionsPerAddress };
/** Some SDKs take a service that has not answered their probe within a second for none (reference/azure.md §1.2). */
const probePause = { pauseMs: 300, apartMs: 2, mostPerCaller: mostConnectionsPerAddress };

/** IMDS takes 5 requests a second beside those for tokens, of all of the machine (reference/azure.md §2). */
const metadataCallsAtOnce = 2;
const metadataCallsAtOncePerPod = 1;
const metadataPace = { starts: 3, withinMs: 1000 };

export interface NmiDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Serve the pods of this node only; null: of all nodes. */
  readonly node: string | null;
  readonly resources: Resources;
  readonly decider: Decider;
  readonly tokens: TokenSource;
  readonly platform: PlatformMetadata;
  /** What the node's network shows behind a pod's address; absent: nothing. */
  readonly interfaceBehind?: InterfaceBehind | undefined;
  readonly metrics: Metrics;
  /** Whether `resources` shows everything by now; no token before that. */
  readonly isSynced?: () => boolean;
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
      const server = await listen({ app, clock: deps.clock }, on);
      servers.push(server);
      return server.address;
    },
    close: async () => {
      draining.abort(new Error("draining"));
      await Promise.all(servers.map((server) => server.close(stop)));
      stop();
      unsubscribe();
    },
  };
}

/** What is served at all, and how much of it to one caller and in all. */
function boundsOf(
  options: NmiOptions,
  ending: Pick<PlatformCallsDeps, "clock" | "log" | "draining" | "stopped">,
): Pick<
  AppDeps,
  "terms" | "admission" | "probeAdmission" | "floodPause" | "probePause" | "heldCap" | "metadataCalls"
> {
  const { hosts, servesHostToken, metadataAreas } = options;
  const { clock } = ending;
  return {
    terms: {
      hosts: new Set(hosts.map((host) => host.toLowerCase())),
      servesHostToken,
      metadataAreas: new Set(metadataAreas),
    },
    admission: createAdmission(clock, options),
    probeAdmission: createAdmission(clock, probeLimits),
    floodPause: createFloodPause(clock, floodPause),
    probePause: createFloodPause(clock, probePause),
    heldCap: createHeldCap(options),
    metadataCalls: createPlatformCalls({
      ...ending,
      slots: createSlots(metadataCallsAtOnce, { clock, ...metadataPace }),
      mostAtOncePerCaller: metadataCallsAtOncePerPod,
    }),
  };
}

function wire(deps: NmiDeps, draining: AbortSignal, stopped: AbortSignal) {
  const { clock, log, node, resources } = deps;
  const options = { ...defaults, ...deps.options };
  const reference = createReferenceMetrics(deps.metrics, clock);
  const metrics = createNmiMetrics(deps.metrics, reference);
  const callers = createCallerIndex(deps);
  const recent = createRecentChanges({ clock, resources, keepMs: options.identityGraceMs });
  const { namespaced, managed } = options;
  const assignments = managed
    ? createManagedAssignments({ ...deps, namespaced })
    : createAssignments(resources);
  const imdsSlots = createSlots(imdsCallsAtOnce, { clock, ...imdsPace });
  const exemptions = createExemptions(deps);
  const { onHintMismatch } = metrics;
  const judge = createJudge({ ...deps, assignments, exemptions, namespaced, onHintMismatch });
  const platform = reference.ofPlatform(deps.platform);
  const tokens = reference.ofTokens(deps.tokens);
  const appDeps: AppDeps = {
    ...options,
    ...boundsOf(options, { ...deps, draining, stopped }),
    isSynced: deps.isSynced ?? (() => true),
    clock,
    log,
    node,
    resources,
    platform,
    passThrough: createPassThrough({ clock, log, platform, judge, imdsSlots, draining, stopped }),
    callers,
    grants: createPastGrants(),
    recent,
    judge,
    cache: createTokenCache({ ...deps, tokens, imdsSlots, stopped, onFetch: metrics.onFetch }),
    holds: createHolds({ ...deps, draining, onHeld: metrics.onHeld }),
    metrics,
    draining,
  };
  const followers = [callers, assignments, exemptions, recent, appDeps.cache];
  const unsubscribe = (): void => followers.forEach((follower) => follower.close());
  return { app: createApp(appDeps), unsubscribe };
}
