import { KubernetesError } from "../../kubernetes/errors.ts";
import { delay } from "../../runtime/clock.ts";
import type { Daemon } from "./daemon.ts";
import type { OpenSource } from "./source.ts";

/** With this taint a node keeps pods off from its birth until its agent serves them. */
const startupTaint = "podid.dev/agent-not-ready";

const pauseMs = 1000;
/** After an API server that was away, or others who changed the node's taints. */
const longPauseMs = 10_000;

/**
 * Waits until nothing keeps the agent from its work and takes the startup taint off its node, once. Ends then, when
 * there is none, when the right to it was not given, and when `signal` aborts.
 */
export async function removeStartupTaint(
  { clock, log, readiness, open }: TaintParts,
  signal: AbortSignal,
): Promise<void> {
  const { untaint } = open;
  if (untaint === undefined) return;
  while (!signal.aborted) {
    const isReady = readiness.reasons().length === 0;
    // oxlint-disable-next-line no-await-in-loop -- again and again is the point
    if (isReady && (await isDone(untaint, log, signal))) return;
    // oxlint-disable-next-line no-await-in-loop
    await delay(clock, isReady ? longPauseMs : pauseMs, signal).catch(() => undefined);
  }
}

interface TaintParts extends Pick<Daemon, "clock" | "log" | "readiness"> {
  readonly open: Pick<OpenSource, "untaint">;
}

type Untaint = NonNullable<OpenSource["untaint"]>;

async function isDone(untaint: Untaint, log: Daemon["log"], signal: AbortSignal): Promise<boolean> {
  try {
    if ((await untaint(startupTaint, signal)) === "removed")
      log.info({ taint: startupTaint }, "node untainted");
    return true;
  } catch (error) {
    if (signal.aborted) return true;
    if (!(error instanceof KubernetesError)) throw error;
    const { code, message } = error;
    log.warn({ taint: startupTaint, code, problem: message }, "the node's startup taint was not removed");
    return code === "Forbidden" || code === "NotFound";
  }
}
