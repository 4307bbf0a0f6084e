import { randomUUID } from "node:crypto";

import { keyOf } from "../engine/cluster-document.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { NmiMetrics } from "./metrics.ts";
import type { RawRequest } from "./request.ts";
import type { Served } from "./token-route.ts";

/**
 * The caller's own id for the request when it has the shape of one, else a new one. Only GUID characters
 * pass, so that nothing a pod sends can disturb headers or logs (reference/azure.md §1.7).
 */
export function requestIdOf(headers: RawRequest["headers"]): string {
  const given = headers["x-ms-client-request-id"]?.[0] ?? headers["x-ms-correlation-id"]?.[0] ?? "";
  return /^[0-9a-f-]{1,64}$/i.test(given) ? given : randomUUID();
}

/** One access-log line and one observation per request. The line never holds a token. */
export function recordServed(
  deps: { readonly clock: Clock; readonly log: Log; readonly metrics: NmiMetrics },
  served: Served,
  request: { readonly requestId: string; readonly peerAddress: string; readonly arrivedMs: number },
): void {
  const durationMs = deps.clock.monotonicMs() - request.arrivedMs;
  const { answer, outcome, reasons, pod, resource, identity, binding, realExp, toldExp } = served;
  deps.metrics.onServed(served, durationMs / 1000);
  deps.log.info(
    {
      requestId: request.requestId,
      peer: request.peerAddress,
      ...(pod === undefined ? {} : { pod: keyOf(pod), podUid: pod.uid }),
      resource,
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
