import { formatInstant } from "../timebox/instant.ts";
import { withText } from "./explanation.ts";
import type { Cause, IdentityTimeline, Simulation, TimeRange } from "./simulate-timeline.ts";

/** The stable JSON of `podid simulate` (docs/simulate.md). */
export function renderSimulationJson({ from, to, policy, pods }: Simulation): string {
  const json = {
    ...rangeJson({ from, to }),
    policy,
    pods: pods.map((pod) => ({ ...pod, identities: pod.identities.map(identityJson) })),
  };
  return JSON.stringify(json, null, 2);
}

function identityJson({ identity, bindings, intervals, closed }: IdentityTimeline): object {
  return {
    identity,
    bindings,
    intervals: intervals.map((interval) => ({
      ...rangeJson(interval),
      startReason: causeJson(interval.startReason),
      endReason: causeJson(interval.endReason),
      beginsBefore: interval.startReason === null,
      endsAfter: interval.endReason === null,
      bindings: interval.bindings,
    })),
    closed: closed.map((span) => ({ ...rangeJson(span), reason: causeJson(span.reason) })),
  };
}

function rangeJson({ from, to }: TimeRange): { readonly from: string; readonly to: string } {
  return { from: formatInstant(from), to: formatInstant(to) };
}

function causeJson(cause: Cause | null): object | null {
  return cause === null ? null : { bindings: cause.bindings, reasons: cause.reasons.map(withText) };
}
