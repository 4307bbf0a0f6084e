import { createClusterDecider, type ClusterDecider } from "../../engine/cluster-decider.ts";
import type { BundleSlot } from "../../engine/bundle-slot.ts";
import type { Rate } from "../../kubernetes/rate-limit.ts";
import { createSystemClock, type Clock } from "../../runtime/clock.ts";
import { createLogOutput } from "../../runtime/log-output.ts";
import { createLog, type Log } from "../../runtime/log.ts";
import { createMetrics, type Metrics } from "../../runtime/metrics.ts";
import { readEnvironment, type Environment } from "../environment.ts";
import { judgeManifests } from "../policy.ts";
import { startPolicy, type RunningPolicy } from "../running-policy.ts";
import { commonFlags } from "./flags.ts";
import type { ParsedFlags } from "./go-flags.ts";
import { startProbeServer, type ProbeServer } from "./probe-server.ts";
import { createReadiness, type Readiness } from "./readiness.ts";
import type { FieldCaseOptions } from "./field-case.ts";
import type { LeaseOptions, OpenSource } from "./source.ts";

/** What both daemons stand on, all of it running. */
export interface Daemon {
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: Environment;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly engine: BundleSlot;
  readonly open: OpenSource;
  /** Answers by what `open` shows; usable once that is ready. */
  readonly decider: ClusterDecider;
  /** Adds something that is to be ended before what stands already. */
  onClose(end: () => Promise<void> | void): void;
}

export interface DaemonOptions {
  readonly component: "controller" | "nmi";
  readonly flags: ParsedFlags;
  readonly metricsPort: number;
  /** Serve the pods of this node only; null: of all. */
  readonly node: string | null;
  /** Body of /healthz; hears what keeps the daemon from its work. */
  readonly health: (notReady: readonly string[]) => string;
  /** What it is at, told beside that at /readyz. */
  readonly doing?: () => string;
  readonly lease: LeaseOptions | null;
  /** Of requests to the API server; null: podid's own. */
  readonly rate: Rate | null;
  /** Whether another daemon of this kind may listen at the same ports meanwhile. */
  readonly sharesPorts: boolean;
  /** Whether to wait for probe ports that another daemon has, which is about to end. */
  readonly waitsForPorts: boolean;
  /** How to store objects anew whose fields are named as before 1.6; null: not at all. */
  readonly fieldCase: FieldCaseOptions | null;
}

/**
 * Caches older than this make a daemon unready, as they make grants count for nothing (reference/time-boxes.md §3.6).
 * Nothing is taken away by that: a node's pods reach its agent whether it is ready or not, liveness is another question,
 * and pods that the agent knows are served for up to five minutes (reference/reliability.md K1).
 */
const longestStalenessSeconds = 60;

/**
 * Starts log and probes, then policy and source, runs `work`, and ends everything in reverse, whatever
 * happened. The probes answer from the start, so that a daemon that waits for its API server is alive and unready.
 * Told to stop while it waits for their ports, it ends without `work`.
 */
export async function runDaemon(
  options: DaemonOptions,
  signal: AbortSignal,
  work: (daemon: Daemon, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { component, flags } = options;
  const clock = createSystemClock();
  const output = createLogOutput(clock);
  const flush = (): void => output.flush();
  // However this process ends, but for SIGKILL.
  process.once("exit", flush);
  const level = flags.get(commonFlags["log-level"]);
  const log = createLog({ clock, level, component, destination: output });
  for (const warning of flags.warnings) log.warn({ warning }, "a flag has no effect");
  const metrics = createMetrics();
  const readiness = createReadiness({ policy: "the policy is not loaded", source: "not connected yet" });
  const ends: (() => Promise<void> | void)[] = [];
  const onClose: Daemon["onClose"] = (end) => void ends.unshift(end);
  try {
    const probes = await startProbes(options, { clock, log, signal, readiness, metrics });
    if (probes === null) return;
    onClose(() => probes.close());
    log.info({ ports: probes.ports }, "serving probes and metrics");
    const environment = readEnvironment();
    const own = { clock, log, readiness, environment, metrics, onClose };
    const { engine, open } = await startPolicyAndSource(options, own);
    readiness.set("policy", null);
    readiness.watch(() => staleness(open));
    const decider = createClusterDecider(engine, open.source);
    onClose(() => decider.close());
    const parts = { clock, log, environment, readiness, metrics, engine, open, decider, onClose };
    await workWhileFit(open, signal, (until) => work(parts, until));
  } finally {
    // oxlint-disable-next-line no-await-in-loop -- what stands on something ends before it
    for (const end of ends) await end();
    flush();
    process.off("exit", flush);
  }
}

function startProbes(
  { flags, metricsPort, health, doing, sharesPorts, waitsForPorts }: DaemonOptions,
  parts: Pick<Daemon, "clock" | "log" | "readiness" | "metrics"> & { readonly signal: AbortSignal },
): Promise<ProbeServer | null> {
  const { clock, log, signal, readiness, metrics } = parts;
  const ports = [flags.get(commonFlags["http-probe-port"]), metricsPort];
  const answers = {
    health: () => health(readiness.reasons()),
    notReady: () => readiness.reasons(),
    notes: () => readiness.notes(),
    ...(doing === undefined ? {} : { doing }),
    metrics,
  };
  const on = { host: flags.get(commonFlags["probe-address"]), ports, isShared: sharesPorts };
  return startProbeServer(on, answers, waitsForPorts ? { clock, log, signal } : null);
}

async function startDaemonPolicy(
  { clock, log, metrics, onClose }: Pick<Daemon, "clock" | "log" | "metrics" | "onClose">,
  flags: ParsedFlags,
): Promise<RunningPolicy> {
  const policy = await startPolicy({
    policy: flags.get(commonFlags.policy),
    decisionLog: flags.get(commonFlags["decision-log"]),
    clock,
    log,
  });
  onClose(() => policy.close());
  policy.countIn(metrics);
  return policy;
}

type Foundations = Pick<Daemon, "clock" | "log" | "readiness" | "environment" | "metrics" | "onClose">;

/** Both at once: a large cluster takes long to read, and its API server can begin while the policy is compiled here. */
async function startPolicyAndSource(
  options: DaemonOptions,
  parts: Foundations,
): Promise<Pick<Daemon, "engine" | "open">> {
  const starting = startDaemonPolicy(parts, options.flags);
  const opening = openSource(options, parts, starting);
  // What has been started ends like everything else, also when the other fails.
  await Promise.allSettled([starting, opening]);
  const { engine } = await starting;
  return { engine, open: await opening };
}

/** Ends the work when the source becomes unfit, as if it was asked to stop, and then says why. */
async function workWhileFit(
  { broken }: OpenSource,
  signal: AbortSignal,
  work: (until: AbortSignal) => Promise<void>,
): Promise<void> {
  try {
    await work(AbortSignal.any([signal, broken]));
  } finally {
    broken.throwIfAborted();
  }
}

/** Loads what the source needs, and not what the other kind of source would: each costs an agent some 10 MB. */
async function openSource(
  options: DaemonOptions,
  parts: Foundations,
  policy: Promise<RunningPolicy>,
): Promise<OpenSource> {
  const directory = options.flags.get(commonFlags.manifests);
  const open =
    directory === ""
      ? await openClusterSource(options, parts)
      : await openFolder(parts, directory, (await policy).engine);
  parts.onClose(() => open.close());
  return open;
}

async function openFolder(parts: Foundations, directory: string, engine: BundleSlot): Promise<OpenSource> {
  const { openManifests } = await import("./manifests.ts");
  return openManifests(parts, directory, judgeManifests(engine));
}

async function openClusterSource(
  { flags, node, lease, fieldCase, rate, component }: DaemonOptions,
  parts: Foundations,
): Promise<OpenSource> {
  const { openCluster } = await import("./cluster.ts");
  const kubeconfig = flags.get(commonFlags.kubeconfig);
  const serviceAccountDirectory = flags.get(commonFlags["service-account-dir"]);
  const customUserAgent = flags.get(commonFlags["custom-user-agent"]);
  const own = { kubeconfig, serviceAccountDirectory, customUserAgent };
  return openCluster(parts, { ...own, node, lease, fieldCase, rate, component });
}

function staleness({ source }: OpenSource): string | null {
  const age = source.ageSeconds();
  if (age <= longestStalenessSeconds) return null;
  return `the API server has not been heard for a minute: what is known of the cluster is ${Math.round(age)} s old`;
}
