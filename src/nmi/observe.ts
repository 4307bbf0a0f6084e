import { randomUUID } from "node:crypto";

import { keyOf } from "../engine/cluster-document.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { NmiMetrics } from "./metrics.ts";
import type { Resources } from "./ports.ts";
import type { RawRequest } from "./request.ts";
import type { Served } from "./served.ts";

/**
 * The caller's own id for the request when it has the shape of one, else a new one. Only GUID characters
 * pass, so that nothing a pod sends can disturb headers or logs (reference/azure.md §1.7).
 */
export function requestIdOf(headers: RawRequest["headers"]): string {
  const given = headers["x-ms-client-request-id"]?.[0] ?? headers["x-ms-correlation-id"]?.[0] ?? "";
  return /^[0-9a-f-]{1,64}$/i.test(given) ? given : randomUUID();
}

/**
 * One access-log line, one observation and at most one event per request. The line never holds a token; of what the
 * client wrote it holds the resource alone, once the policy has judged it for a pod: audits ask for it.
 */
export function recordServed(
  deps: {
    readonly clock: Clock;
    readonly log: Log;
    readonly metrics: NmiMetrics;
    readonly resources: Pick<Resources, "recordEvent">;
  },
  served: Served,
  request: { readonly requestId: string; readonly peerAddress: string; readonly arrivedMs: number },
): void {
  const durationMs = deps.clock.monotonicMs() - request.arrivedMs;
  const { answer, outcome, reasons, pod, resource, identity, binding, realExp, toldExp } = served;
  deps.metrics.onServed(served, durationMs / 1000);
  recordToken(deps.resources, served);
  const isJudged = outcome === "issued" || outcome === "passedThrough" || outcome === "denied";
  deps.log[served.isRoutine === true ? "debug" : "info"](
    {
      requestId: request.requestId,
      peer: request.peerAddress,
      ...(pod === undefined ? {} : { pod: keyOf(pod), podUid: pod.uid }),
      ...(pod !== undefined && isJudged ? { resource } : {}),
      identity,
      binding,
      status: answer.status,
      outcome,
      reasons,
      realExp,
      toldExp,
      durationMs: Math.round(durationMs),
    },
    "request served",
  );
}

/**
 * Told on the binding, for its pod. The text holds nothing that changes from request to request, so that the recorder
 * counts repetitions; and nothing of the token.
 */
function recordToken(resources: Pick<Resources, "recordEvent">, served: Served): void {
  const { outcome, binding, pod, reasons, identity } = served;
  if (binding === undefined || pod === undefined) return;
  const related = { kind: "Pod", key: keyOf(pod) } as const;
  const about = { kind: "AzureIdentityBinding", key: binding, related } as const;
  if (outcome === "issued") {
    const message = `token of ${identity} issued; a time box limits when tokens are handed out, it does not recall them`;
    resources.recordEvent?.({ ...about, type: "Normal", reason: "TokenIssued", message });
  } else if (outcome === "denied") {
    const message = `token denied: ${reasons.join(", ")}`;
    resources.recordEvent?.({ ...about, type: "Warning", reason: "TokenDenied", message });
  }
}
