import { createController, type ControllerDependencies } from "../../controller/controller.ts";
import { gatherTerms } from "../../controller/gathering.ts";
import type { Compute } from "../../controller/ports.ts";
import type { StatusTerms } from "../../controller/status-findings.ts";
import { startGrantPruner } from "../../controller/grant-pruner.ts";
import { countHintMismatches } from "../../controller/hint-mismatches.ts";
import { createMicMetrics, type MicMetrics } from "../../controller/mic-metrics.ts";
import { observeByMetrics } from "../../controller/work-queue-observer.ts";
import type { Engine } from "../../engine/engine.ts";
import { openAccess, openCompute } from "./arm-access.ts";
import { readEndpoints } from "./azure-access.ts";
import { runDaemon, type Daemon, type DaemonOptions } from "./daemon.ts";
import { createDuty, type Duty } from "./duty.ts";
import { controllerFlags } from "./flags.ts";
import { parseFlags, renderFlags, type ParsedFlags } from "./go-flags.ts";
import { fenceCluster, fenceCompute } from "./leader-fence.ts";
import { leave, undrained } from "./leave.ts";
import { becomesReady, type Elect } from "./source.ts";
import { versionLine } from "./version.ts";

/**
 * `podid controller`: waits until it may lead, then keeps identities where the policy wants them, until
 * `signal` aborts; with `--drain`, takes them all away and ends.
 * @throws CommandError 1 when not all could be taken away, 2 for wrong flags, 3 for what it cannot work without.
 */
export async function runController(options: {
  readonly args: readonly string[];
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { args, print, signal } = options;
  if (args.includes("--help") || args.includes("-h")) return print(renderFlags(controllerFlags));
  const flags = parseFlags("controller", controllerFlags, args);
  if (flags.get(controllerFlags.version)) return print(await versionLine());
  const duty = createDuty();
  const daemonOptions: DaemonOptions = {
    component: "controller",
    flags,
    metricsPort: flags.get(controllerFlags["prometheus-port"]),
    node: null,
    health: (notReady) => duty.health(notReady),
    doing: () => duty.doing(),
    lease: {
      namespace: flags.get(controllerFlags["leader-election-namespace"]),
      name: flags.get(controllerFlags["leader-election-name"]),
      instance: flags.get(controllerFlags["leader-election-instance"]),
      durationMs: flags.get(controllerFlags["leader-election-duration"]),
    },
    rate: rateOf(flags),
    sharesPorts: false,
    waitsForPorts: false,
    fieldCase: flags.get(controllerFlags["enable-type-upgrade"])
      ? {
          configMap: flags.get(controllerFlags["config-map-name"]),
          key: flags.get(controllerFlags["type-upgrade-status-key"]),
        }
      : null,
  };
  await runDaemon(daemonOptions, signal, (daemon, until) => serve(daemon, flags, duty, until));
}

/**
 * Caches are filled before the election, so that a successor acts at once. A lost lease is no fault: the API server may
 * have been away. Who leads again begins with nothing in memory but the caches.
 */
async function serve(daemon: Daemon, flags: ParsedFlags, duty: Duty, signal: AbortSignal): Promise<void> {
  const { clock, log, metrics, open, readiness } = daemon;
  const endpoints = await readEndpoints(flags.get(controllerFlags["azure-endpoints"]));
  const access = await openAccess(daemon, flags, endpoints);
  const isDrain = flags.get(controllerFlags.drain);
  if (!(await becomesReady(open, signal))) {
    if (isDrain) throw undrained("interrupted before it could act");
    return;
  }
  readiness.set("source", null);
  const compute = openCompute(daemon, flags, access, endpoints);
  const mic = createMicMetrics(metrics, clock);
  const dependencies = dependenciesOf(daemon, flags, { compute, mic });
  if (isDrain) {
    const timeoutMs = flags.get(controllerFlags["drain-timeout"]);
    return leave({ daemon, dependencies, timeoutMs, duty }, signal);
  }
  const retentionMs = flags.get(controllerFlags["grant-retention"]);
  const lead = async (leading: AbortSignal): Promise<void> => {
    const controller = createController(dependencies);
    controller.start();
    const stopPruning = startGrantPruner({ clock, log, records: open.source, retentionMs });
    duty.begin("leading", () => open.isLeader());
    tellElection(daemon, flags, "became leader");
    log.info({}, "leading");
    await whenAborted(leading, () => {
      duty.end();
      stopPruning();
      tellElection(daemon, flags, "stopped leading");
      return controller.close();
    });
  };
  const standForElection = (): ReturnType<Elect> => {
    mic.election();
    return open.elect(signal, lead);
  };
  // oxlint-disable-next-line no-await-in-loop -- one time in office follows another
  while ((await standForElection()) === "lost" && !signal.aborted) {
    log.warn({}, "the lease was lost; waiting to lead again");
  }
}

/** As client-go tells it of MIC, on what they elect by (reference/aad-pod-identity.md §5.8). */
function tellElection({ environment, open }: Daemon, flags: ParsedFlags, what: string): void {
  if (open.lease === null) return;
  const candidate =
    flags.get(controllerFlags["leader-election-instance"]) || environment.podName || "podid-controller";
  const message = `${candidate} ${what}`;
  open.source.recordEvent({
    kind: "Lease",
    key: open.lease,
    type: "Normal",
    reason: "LeaderElection",
    message,
  });
}

/** How often the API server may be asked; null: as it likes. As MIC: the burst is what may be asked in a second. */
export function rateOf(flags: ParsedFlags): DaemonOptions["rate"] {
  if (!flags.has(controllerFlags.clientQps)) return null;
  const perSecond = flags.get(controllerFlags.clientQps);
  return { perSecond, burst: Math.max(1, Math.floor(perSecond)) };
}

/** What a controller and a drain work with; what has an effect asks first whether we lead. */
function dependenciesOf(
  { clock, decider, engine, environment, log, metrics, open }: Daemon,
  flags: ParsedFlags,
  { compute, mic }: { readonly compute: Compute; readonly mic: MicMetrics },
): ControllerDependencies {
  return {
    clock,
    log,
    cluster: fenceCluster(mic.ofCluster(open.source), open, clock),
    decider,
    compute: fenceCompute(compute, open),
    onCycle: (durationMs) => mic.cycle(durationMs),
    namespaced: flags.get(controllerFlags.forceNamespaced) || environment.isNamespaced,
    random: Math.random,
    resyncMs: flags.get(controllerFlags.syncRetryDuration),
    observer: observeByMetrics(metrics),
    onHintMismatch: countHintMismatches(metrics),
    statusTerms: statusTerms(engine),
    gather: gatherTerms,
    driftIntervalMs: flags.get(controllerFlags["identity-assignment-reconcile-interval"]),
  };
}

/** Within the abort itself, so that whatever fails by it finds the work closed already. */
function whenAborted(signal: AbortSignal, close: () => Promise<void>): Promise<void> {
  if (signal.aborted) return close();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(close()), { once: true });
  });
}

/** Statuses name the policy that found them, which may be replaced meanwhile. */
function statusTerms(engine: Engine): StatusTerms {
  const tzdata = process.versions["tz"] ?? "";
  return {
    get policyDigest() {
      return engine.digest;
    },
    tzdata,
  };
}
