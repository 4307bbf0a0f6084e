import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { KubernetesError } from "./errors.ts";

const quietMs = 60_000;

/**
 * Says that the server asks to come back later, once a minute for all watches together: a server that has just got new
 * definitions refuses each of them for a while ("storage is (re)initializing").
 */
export function createBusyNote(clock: Clock, log: Log): (error: KubernetesError) => void {
  let saidAtMs = -Infinity;
  return ({ message, retryAfterMs }) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - saidAtMs < quietMs) return;
    saidAtMs = nowMs;
    log.warn({ problem: message, retryAfterMs }, "the API server asks to come back later");
  };
}
